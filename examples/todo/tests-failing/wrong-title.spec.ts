import { test, expect } from "appwright";
import { view } from "../support/todo";

// Fails on purpose: qgjob's own tests look at how a failure is shown.
test("the title is another one", async ({ device }) => {
  expect(await view(device, "onboarding_title").getText()).toBe("Another title");
});
