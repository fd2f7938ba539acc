namespace Qgjob.Agent.Tests.Emulators;

/// <summary>
/// A program in the place of Android's emulator, in an SDK's folder: it tells adb of a phone that listens on the port above its
/// own, as the real one does. What it does is in a file beside it: <c>boot</c>, <c>hang</c> (adb never hears of it) or <c>die</c>.
/// With a phone behind it (its port) it leads that port there; without, somebody else has to listen on it.
/// </summary>
internal sealed class StandInEmulator
{
    private const string Script = """
        #!/bin/bash
        here=$(dirname "$0")
        case "$1" in
          -list-avds) echo 'INFO    | Storing crashdata in: /tmp'; cat "$here/avds"; exit 0 ;;
          -accel-check) cat "$here/accel"; exit "$(grep -c missing "$here/accel")" ;;
        esac
        echo "$*" >>"$here/starts"
        echo "INFO    | emulator starts"
        while [ $# -gt 0 ]; do [ "$1" = -port ] && port=$2; shift; done
        case "$(cat "$here/does")" in
          die) echo "ERROR   | no space left on device" >&2; exit 3 ;;
          hang) echo "INFO    | waiting for the moon" ;;
          *)
            if [ -e "$here/behind" ]; then
              node -e 'const net = require("net"), [, at, to] = process.argv.map(Number);
                net.createServer((one) => {
                  const other = net.connect(to, "127.0.0.1");
                  one.pipe(other).pipe(one);
                  for (const end of [one, other]) end.on("error", () => { one.destroy(); other.destroy(); });
                }).listen(at, "127.0.0.1")' "$((port + 1))" "$(cat "$here/behind")" &
              until (exec 8<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; do sleep 0.1; done
            fi
            message="host:emulator:$((port + 1))"
            exec 9<>"/dev/tcp/127.0.0.1/$ANDROID_ADB_SERVER_PORT"
            printf '%04x%s' "${#message}" "$message" >&9
            ;;
        esac
        exec sleep 1000
        """;

    private readonly string emulator;

    public StandInEmulator(string sdk, string does = "boot", string avds = "Pixel_7\n")
    {
        Sdk = sdk;
        emulator = Path.Combine(sdk, "emulator");
        Directory.CreateDirectory(emulator);
        File.WriteAllText(Path.Combine(emulator, "emulator"), Script.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(emulator, "emulator"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(emulator, "avds"), avds);
        File.WriteAllText(Path.Combine(emulator, "accel"), "accel:\n0\nKVM (version 12) is installed and usable.\naccel\n");
        Does = does;
        var home = Path.Combine(sdk, ".android", "avd");
        Directory.CreateDirectory(Path.Combine(home, "Pixel_7.avd"));
        File.WriteAllText(Path.Combine(home, "Pixel_7.ini"), $"avd.ini.encoding=UTF-8\npath={Path.Combine(home, "Pixel_7.avd")}\ntarget=android-33\n");
        File.WriteAllText(Path.Combine(home, "Pixel_7.avd", "config.ini"), "hw.device.name=pixel_7\nimage.sysdir.1=system-images/android-33/google_apis/x86_64/\n");
    }

    public string Sdk { get; }

    public string Does { set => File.WriteAllText(Path.Combine(emulator, "does"), value); }

    public int Behind { set => File.WriteAllText(Path.Combine(emulator, "behind"), $"{value}"); }

    public string Acceleration { set => File.WriteAllText(Path.Combine(emulator, "accel"), value); }

    /// <summary>The arguments of each start.</summary>
    public IReadOnlyList<string> Starts => File.Exists(Path.Combine(emulator, "starts")) ? File.ReadAllLines(Path.Combine(emulator, "starts")) : [];

    /// <summary>For an agent that has Android's other tools from elsewhere.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("PATH", $"{emulator}:{System.Environment.GetEnvironmentVariable("PATH")}"),
        new("ANDROID_AVD_HOME", Path.Combine(Sdk, ".android", "avd")),
    ];

    public string? Environment(string name) => name switch
    {
        "ANDROID_HOME" => Sdk,
        "HOME" => Sdk,
        _ => null,
    };
}
