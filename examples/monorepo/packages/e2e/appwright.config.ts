import { defineConfig, Platform } from "appwright";

export default defineConfig({
  testDir: "tests",
  projects: [
    {
      name: "android",
      use: {
        platform: Platform.ANDROID,
        device: { provider: "local-device" },
        buildPath: "builds/todo-1.0.apk",
      },
    },
  ],
});
