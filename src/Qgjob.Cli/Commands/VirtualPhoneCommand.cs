using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Core.Runs;
using Qgjob.Phones;

namespace Qgjob.Cli.Commands;

internal static class VirtualPhoneCommand
{
    public static Command Create(Bind bind)
    {
        var name = new Option<string>("--name") { Description = "The phone's serial number for adb's properties", HelpName = "NAME", DefaultValueFactory = _ => "virtual-phone" };
        var port = new Option<int>("--port") { Description = "Loopback port for adb; 0 for a free one", HelpName = "PORT" };
        var data = new Option<string>("--data") { Description = "Where its packages and settings live; one phone per folder", HelpName = "DIR", Required = true };
        var api = new Option<int>("--api-level") { Description = "Android's API level, from 21", HelpName = "N", DefaultValueFactory = _ => 33 };
        var delays = new PhoneDelays();
        var command = new Command("virtual-phone", "Runs one Android phone in software until it is interrupted; prints what 'adb connect' takes") { name, port, data, api };
        delays.AddTo(command);
        bind(command, async (call, cancel) =>
        {
            VirtualPhone phone;
            try
            {
                phone = await VirtualPhone.StartAsync(
                    new VirtualPhoneOptions
                    {
                        Name = call.Value(name)!,
                        DataFolder = Path.GetFullPath(call.Value(data)!, call.World.CurrentFolder),
                        Port = call.Value(port),
                        ApiLevel = call.Value(api),
                        InstallDelay = delays.Install(call),
                        AppStartDelay = delays.Start(call),
                        InstrumentationDelay = delays.Instrumentation(call),
                    }, call.World.Time, cancel).ConfigureAwait(false);
            }
            catch (ArgumentException e)
            {
                throw CliException.Usage(e.Message);
            }
            await using (phone.ConfigureAwait(false))
            {
                if (call.Json) call.WriteJson("virtual_phone", new PhoneDocument(phone.Name, phone.Serial, phone.Port), CliJson.Default.PhoneDocument);
                else call.Out.WriteLine(phone.Serial);
                call.Err.WriteLine($"Connect it with: adb connect {phone.Serial}   Ctrl-C ends it.");
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, call.World.Time, cancel).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    call.Err.WriteLine($"{phone.Counters.Installs.Values.Sum()} installs in all; the phone has stopped.");
                }
            }
            return ExitCode.Passed;
        });
        return command;
    }
}
