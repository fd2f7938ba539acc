using Qgjob.Server.Hosting;

return await ServerHost.RunAsync(args);
