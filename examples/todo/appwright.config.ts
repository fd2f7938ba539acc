import { defineConfig, Platform } from "appwright";

export default defineConfig({
  // The whole folder: tests/ and, for qgjob's own tests, tests-failing/.
  testDir: ".",
  projects: [
    {
      name: "android",
      use: {
        platform: Platform.ANDROID,
        // No udid: qgjob gives every attempt a device of its own.
        device: { provider: "local-device" },
        buildPath: "builds/todo-1.0.apk",
      },
    },
  ],
});
