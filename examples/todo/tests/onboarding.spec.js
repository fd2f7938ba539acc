import { test, expect } from "appwright";

const view = (device, id) => device.getById(`com.example.todo:id/${id}`, { exact: true });

test("the pages lead to the login", async ({ device }) => {
  expect(await view(device, "onboarding_title").getText()).toContain("Welcome to Todo");
  await view(device, "next_button").tap();
  await expect(device.getByText("2 of 3", { exact: true })).toBeVisible();
  await view(device, "next_button").tap();
  await expect(device.getByText("3 of 3", { exact: true })).toBeVisible();
  await device.getByText("Get started", { exact: true }).tap();
  await expect(view(device, "login_button")).toBeVisible();
});

test("the onboarding can be skipped", async ({ device }) => {
  await expect(device.getByText("1 of 3", { exact: true })).toBeVisible();
  await device.getByText("Skip", { exact: true }).tap();
  await expect(view(device, "login_button")).toBeVisible();
});
