import type { Device } from "appwright";

const APP = "com.example.todo";

/** The view with this resource id of the app. */
export function view(device: Device, id: string) {
  return device.getById(`${APP}:id/${id}`, { exact: true });
}

export async function skipOnboarding(device: Device) {
  await view(device, "skip_button").tap();
}

/** Fills in the login screen. */
export async function logIn(device: Device, username: string, password = "secret") {
  await view(device, "username").fill(username);
  await view(device, "password").fill(password);
  await view(device, "login_button").tap();
}

/** From the first start of the app to the list. */
export async function openList(device: Device) {
  await skipOnboarding(device);
  await logIn(device, "ada");
}

export async function addItem(device: Device, text: string) {
  await view(device, "new_item").fill(text);
  await view(device, "add_button").tap();
}

/** Stops the app and starts it again; its data stays. AppWright 0.1.1 has no call for this, Appium has. */
export async function restart(device: Device) {
  const { webdriverClient } = device as unknown as {
    webdriverClient: { executeScript(script: string, args: object[]): Promise<unknown> };
  };
  await webdriverClient.executeScript("mobile: terminateApp", [{ appId: APP }]);
  await webdriverClient.executeScript("mobile: activateApp", [{ appId: APP }]);
}
