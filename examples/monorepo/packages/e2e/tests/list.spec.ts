import { openList, view } from "@todo/shared";
import { expect, test } from "appwright";

test("an item is added", async ({ device }) => {
  await openList(device);
  await view(device, "new_item").fill("milk");
  await view(device, "add_button").tap();
  await expect(device.getByText("milk", { exact: true })).toBeVisible();
});
