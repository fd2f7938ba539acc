using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Client.Wire;

/// <summary>How everything on the wire is written: snake case, enums as words, nulls left out. Works without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    Converters =
    [
        typeof(SnakeCase<Target>), typeof(SnakeCase<Platform>), typeof(SnakeCase<ResetMode>),
        typeof(SnakeCase<JobStatus>), typeof(SnakeCase<AttemptOutcome>), typeof(SnakeCase<TestStatus>),
        typeof(SnakeCase<LeaseState>), typeof(SnakeCase<HookFormat>), typeof(SnakeCase<DeliveryState>),
    ])]
[JsonSerializable(typeof(SubmitJob))]
[JsonSerializable(typeof(SubmitRun))]
[JsonSerializable(typeof(RerunOrder))]
[JsonSerializable(typeof(RunAccepted))]
[JsonSerializable(typeof(RunPlan))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(ListOf<RunView>))]
[JsonSerializable(typeof(ListOf<JobView>))]
[JsonSerializable(typeof(ListOf<DeviceView>))]
[JsonSerializable(typeof(ListOf<GroupView>))]
[JsonSerializable(typeof(ListOf<AgentView>))]
[JsonSerializable(typeof(ListOf<AppVersionView>))]
[JsonSerializable(typeof(ListOf<ArtifactView>))]
[JsonSerializable(typeof(LeftOutRequest))]
[JsonSerializable(typeof(LeftOutFile))]
[JsonSerializable(typeof(ListOf<JobEvent>))]
[JsonSerializable(typeof(DeviceView))]
[JsonSerializable(typeof(AgentView))]
[JsonSerializable(typeof(AppVersionView))]
[JsonSerializable(typeof(JobResults))]
[JsonSerializable(typeof(RunResults))]
[JsonSerializable(typeof(BuildStored))]
[JsonSerializable(typeof(CancelResult))]
[JsonSerializable(typeof(DeviceOrder))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(OrgSettings))]
[JsonSerializable(typeof(OrgView))]
[JsonSerializable(typeof(ListOf<OrgView>))]
[JsonSerializable(typeof(ResourceUnits))]
[JsonSerializable(typeof(ResourceView))]
[JsonSerializable(typeof(ListOf<ResourceView>))]
[JsonSerializable(typeof(HookSettings))]
[JsonSerializable(typeof(HookView))]
[JsonSerializable(typeof(ListOf<HookView>))]
[JsonSerializable(typeof(DeliveryView))]
[JsonSerializable(typeof(ListOf<DeliveryView>))]
[JsonSerializable(typeof(HookEvent))]
[JsonSerializable(typeof(QuarantineOrder))]
[JsonSerializable(typeof(QuarantineView))]
[JsonSerializable(typeof(ListOf<QuarantineView>))]
[JsonSerializable(typeof(ListOf<TestView>))]
[JsonSerializable(typeof(TestHistoryView))]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterResponse))]
[JsonSerializable(typeof(WorkRequest))]
[JsonSerializable(typeof(WorkResponse))]
[JsonSerializable(typeof(RenewRequest))]
[JsonSerializable(typeof(RenewResponse))]
[JsonSerializable(typeof(ProgressRequest))]
[JsonSerializable(typeof(ProgressResponse))]
[JsonSerializable(typeof(FinishRequest))]
[JsonSerializable(typeof(FinishResponse))]
[JsonSerializable(typeof(ReportFailed))]
[JsonSerializable(typeof(ReportState))]
[JsonSerializable(typeof(LogAppended))]
public sealed partial class WireJson : JsonSerializerContext;

/// <summary>Writes an enum's member in snake case and reads nothing else.</summary>
public sealed class SnakeCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Into how many parts files are divided: a number, or <c>auto</c>.</summary>
public sealed class SplitConverter : JsonConverter<int?>
{
    /// <summary>The word.</summary>
    public const string AutoWord = "auto";
    /// <summary>Stands for the word.</summary>
    public const int Auto = 0;

    /// <inheritdoc/>
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number when reader.TryGetInt32(out var number) && number != Auto => number,
        JsonTokenType.String when reader.GetString() == AutoWord => Auto,
        _ => throw new JsonException("must be auto or a whole number from 2"),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options)
    {
        if (value is null) writer.WriteNullValue();
        else if (value is Auto) writer.WriteStringValue(AutoWord);
        else writer.WriteNumberValue(value.Value);
    }
}

/// <summary>A priority: a number, or one of the four words.</summary>
public sealed class PriorityConverter : JsonConverter<int?>
{
    /// <summary>The words with their numbers.</summary>
    public static IReadOnlyDictionary<string, int> ByName { get; } =
        new Dictionary<string, int> { ["low"] = -1, ["normal"] = 0, ["high"] = 1, ["urgent"] = 2 };

    /// <inheritdoc/>
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number when reader.TryGetInt32(out var number) => number,
        JsonTokenType.String when ByName.TryGetValue(reader.GetString()!, out var named) => named,
        _ => throw new JsonException("must be low, normal, high, urgent or a whole number"),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options)
    {
        if (value is { } number) writer.WriteNumberValue(number);
        else writer.WriteNullValue();
    }
}
