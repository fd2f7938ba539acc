using System.Text.Json.Serialization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;

namespace Qgjob.Stores.Sqlite;

/// <summary>The columns that hold JSON. Read by later versions: add members, never rename them.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(DeviceOffer))]
[JsonSerializable(typeof(IReadOnlyList<TestResult>))]
[JsonSerializable(typeof(IReadOnlyList<Build>))]
[JsonSerializable(typeof(IReadOnlyList<ResourceUnit>))]
[JsonSerializable(typeof(IReadOnlyList<HeldUnit>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<int>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class StoreJson : JsonSerializerContext;
