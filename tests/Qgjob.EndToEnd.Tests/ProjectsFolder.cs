namespace Qgjob.EndToEnd.Tests;

/// <summary>A project as people have them: blanks, brackets and letters of other languages in its path, several configs and Playwright projects.</summary>
internal sealed class ProjectsFolder : IDisposable
{
    private static readonly Dictionary<string, string> Files = new()
    {
        [".npmrc"] = "ignore-scripts=true\n",
        // Beside the one for the virtual phone, one for each way of not fitting.
        ["appwright.config.ts"] = """
            import { defineConfig, Platform } from "appwright";

            const use = { platform: Platform.ANDROID, buildPath: "builds/todo-1.0.apk" };
            export default defineConfig({
              testDir: "tests",
              projects: [
                { name: "an emulator", use: { ...use, device: { provider: "emulator", name: "Pixel" } } },
                { name: "ein Gerät", use: { ...use, device: { provider: "local-device" } } },
                { name: "an iPhone", use: { platform: Platform.IOS, buildPath: "builds/none.ipa", device: { provider: "local-device" } } },
              ],
            });

            """,
        ["configs/zwei Geräte.config.js"] = """
            const { defineConfig, Platform } = require("appwright");

            const use = { platform: Platform.ANDROID, buildPath: "../builds/todo-1.0.apk", device: { provider: "local-device" } };
            module.exports = defineConfig({
              testDir: "../tests",
              projects: [{ name: "eins", use }, { name: "zwei & drei", use }],
            });

            """,
        ["tests/Begrüßung ü.spec.js"] = """
            import { test, expect } from "appwright";

            test("öffnet die App", async ({ device }) => {
              await expect(device.getByText("Welcome to Todo")).toBeVisible();
            });

            test("wird nie gewählt", async () => {
              throw new Error("--grep has let it through");
            });

            """,
        ["tests/日本 [1]/liste (neu).spec.ts"] = """
            import { test, expect, type Device } from "appwright";
            import { expected } from "../../support/erwartet";

            const title = (device: Device) => device.getById("com.example.todo:id/onboarding_title", { exact: true });

            test("heißt die Leute willkommen", async ({ device }) => {
              expect(await title(device).getText()).toContain("Welcome to Todo");
              expect(test.info().project.name).toBe(expected());
            });

            """,
        ["support/erwartet.ts"] = "export const expected = (): string => process.env.PROJECT ?? \"ein Gerät\";\n",
        ["tests/zustand.spec.ts"] = """
            import { test, expect, type Device } from "appwright";

            const view = (device: Device, id: string) => device.getById(`com.example.todo:id/${id}`, { exact: true });

            for (const name of ["first", "second"]) {
              test(`${name} finds ${process.env.FINDS}`, async ({ device }) => {
                if (process.env.FINDS === "kept" || (process.env.FINDS === "the first's" && name === "second")) {
                  await expect(device.getByText("Hello, ada", { exact: true })).toBeVisible();
                  await expect(device.getByText("Counter: 1", { exact: true })).toBeVisible();
                  return;
                }
                await expect(device.getByText("Welcome to Todo")).toBeVisible();
                await view(device, "skip_button").tap();
                await view(device, "username").fill("ada");
                await view(device, "password").fill("secret");
                await view(device, "login_button").tap();
                await view(device, "new_item").fill("milk");
                await view(device, "add_button").tap();
                await expect(device.getByText("Counter: 1", { exact: true })).toBeVisible();
              });
            }

            """,
    };

    private readonly string top = Directory.CreateTempSubdirectory("qgjob-projects-").FullName;

    public ProjectsFolder()
    {
        Folder = Path.Combine(top, "Meine Prüfungen (neu)", "Ünï’s [1] 日本 & Co");
        foreach (var (name, content) in Files) File.WriteAllText(Place(name), content);
        foreach (var name in new[] { "package.json", "package-lock.json", "builds/todo-1.0.apk" })
            File.Copy(Path.Combine(Checkout.Todo, name), Place(name));
    }

    public string Folder { get; }

    public void Dispose() => Directory.Delete(top, recursive: true);

    private string Place(string name)
    {
        var file = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        return file;
    }
}
