import { test, expect } from "appwright";
import { logIn, skipOnboarding, view } from "../support/todo";

test.beforeEach(async ({ device }) => {
  await skipOnboarding(device);
});

test("the right password opens the list", async ({ device }) => {
  await logIn(device, "ada");
  await expect(device.getByText("Hello, ada", { exact: true })).toBeVisible();
});

test("a wrong password is refused", async ({ device }) => {
  await logIn(device, "ada", "wrong");
  expect(await view(device, "error").getText()).toBe("Wrong password");
});

test("a wrong password can be corrected", async ({ device }) => {
  await logIn(device, "bob", "wrong");
  await expect(view(device, "error")).toBeVisible();
  await device.getByXpath(`//android.widget.EditText[@content-desc="password"]`).fill("secret");
  await view(device, "login_button").tap();
  await expect(device.getByText("Hello, bob", { exact: true })).toBeVisible();
});
