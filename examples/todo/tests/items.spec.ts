import { test, expect } from "appwright";
import { addItem, openList, view } from "../support/todo";

test.beforeEach(async ({ device }) => {
  await openList(device);
});

test("a new list is empty", async ({ device }) => {
  expect(await view(device, "counter").getText()).toBe("Counter: 0");
});

test("items are added and counted", async ({ device }) => {
  await addItem(device, "milk");
  await addItem(device, "eggs");
  await expect(device.getByText("Counter: 2", { exact: true })).toBeVisible();
  await expect(device.getByText("milk", { exact: true })).toBeVisible();
  await expect(device.getByText("eggs", { exact: true })).toBeVisible();
});

test("an empty item is not added", async ({ device }) => {
  await view(device, "add_button").tap();
  await addItem(device, "bread");
  await expect(device.getByText("Counter: 1", { exact: true })).toBeVisible();
});
