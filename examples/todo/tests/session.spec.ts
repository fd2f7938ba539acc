import { test, expect } from "appwright";
import { addItem, openList, restart, skipOnboarding, view } from "../support/todo";

test("the onboarding is shown only once", async ({ device }) => {
  await skipOnboarding(device);
  await restart(device);
  await expect(view(device, "login_button")).toBeVisible();
});

test("the user and the items survive a restart", async ({ device }) => {
  await openList(device);
  await addItem(device, "milk");
  await expect(device.getByText("Counter: 1", { exact: true })).toBeVisible();
  await restart(device);
  await expect(device.getByText("Hello, ada", { exact: true })).toBeVisible();
  expect(await view(device, "counter").getText()).toBe("Counter: 1");
});
