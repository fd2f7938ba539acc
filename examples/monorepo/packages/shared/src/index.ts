import type { Device } from "appwright";

/** The view with this resource id of the app. */
export function view(device: Device, id: string) {
  return device.getById(`com.example.todo:id/${id}`, { exact: true });
}

/** From the first start of the app to the list. */
export async function openList(device: Device, username = "ada") {
  await view(device, "skip_button").tap();
  await view(device, "username").fill(username);
  await view(device, "password").fill("secret");
  await view(device, "login_button").tap();
}
