using System.Text.Json.Serialization;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores;

/// <summary>
/// Rows as text, the same in every store and in backups. Read by later and earlier versions: add members, never rename
/// them; members that a version does not know are passed over.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RowChanges))]
[JsonSerializable(typeof(Head))]
[JsonSerializable(typeof(Run))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(Attempt))]
[JsonSerializable(typeof(TestsRow))]
[JsonSerializable(typeof(TestsOrigin))]
[JsonSerializable(typeof(IReadOnlyList<TestResult>))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(Group))]
[JsonSerializable(typeof(AppVersion))]
[JsonSerializable(typeof(OrgShare))]
[JsonSerializable(typeof(Resource))]
[JsonSerializable(typeof(Quarantine))]
[JsonSerializable(typeof(Device))]
[JsonSerializable(typeof(Agent))]
[JsonSerializable(typeof(EstimateRow))]
[JsonSerializable(typeof(Term))]
[JsonSerializable(typeof(HookRow))]
public sealed partial class RowJson : JsonSerializerContext;
