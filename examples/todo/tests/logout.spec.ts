import { test, expect } from "appwright";
import { addItem, logIn, openList, view } from "../support/todo";

test("logging out leads to the login", async ({ device }) => {
  await openList(device);
  await view(device, "logout_button").tap();
  await expect(view(device, "login_button")).toBeVisible();
});

test("the items stay for the next user", async ({ device }) => {
  await openList(device);
  await addItem(device, "milk");
  await view(device, "logout_button").tap();
  await logIn(device, "bob");
  await expect(device.getByText("Hello, bob", { exact: true })).toBeVisible();
  expect(await view(device, "counter").getText()).toBe("Counter: 1");
});
