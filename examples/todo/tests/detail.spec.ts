import { test, expect } from "appwright";
import { addItem, openList, view } from "../support/todo";

test.beforeEach(async ({ device }) => {
  await openList(device);
  await addItem(device, "milk");
});

test("an item opens and closes", async ({ device }) => {
  await view(device, "item").tap();
  await expect(device.getByText("Details", { exact: true })).toBeVisible();
  expect(await view(device, "detail_text").getText()).toBe("milk");
  await view(device, "back_button").tap();
  await expect(device.getByText("Counter: 1", { exact: true })).toBeVisible();
});

test("an item can be deleted", async ({ device }) => {
  await view(device, "item").tap();
  await view(device, "delete_button").tap();
  await expect(device.getByText("Counter: 0", { exact: true })).toBeVisible();
});
