using System.Text.Json.Serialization;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Server.Backup;

/// <summary>First line of a backup.</summary>
/// <param name="QgjobBackup">Version of the format; a reader refuses a higher one than it knows.</param>
/// <param name="MadeAt">When, UTC.</param>
/// <param name="By">Version of the server that made it.</param>
/// <param name="Head">Where the store stood.</param>
internal sealed record BackupHeader(int QgjobBackup, DateTimeOffset MadeAt, string By, Head Head);

/// <summary>Last line of a backup: without it the file was cut short.</summary>
/// <param name="Rows">Rows in all lines between.</param>
/// <param name="Runs">Runs among them.</param>
/// <param name="Jobs">Jobs among them.</param>
/// <param name="Sha256">Hash of every byte before this line, hex.</param>
internal sealed record BackupTrailer(long Rows, long Runs, long Jobs, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BackupHeader))]
[JsonSerializable(typeof(BackupTrailer))]
internal sealed partial class BackupJson : JsonSerializerContext;

/// <summary>A backup cannot be made or used; the message says why.</summary>
internal sealed class BackupException(string message) : Exception(message);
