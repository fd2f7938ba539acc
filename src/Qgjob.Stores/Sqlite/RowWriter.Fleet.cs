using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;

namespace Qgjob.Stores.Sqlite;

/// <summary>Groups, app versions, orgs, resources, devices with their leases, agents.</summary>
internal sealed partial class RowWriter
{
    /// <summary>Offers as they stand in the file, by device: they seldom change, and every claim and finish writes the device.</summary>
    private readonly Dictionary<string, DeviceOffer> offers = [];
    private readonly List<Device> offersWritten = [];

    /// <summary>What the transaction wrote is in the file.</summary>
    public void Committed()
    {
        foreach (var device in offersWritten) offers[device.Id] = device.Offer;
    }

    /// <summary>The transaction is over, committed or not.</summary>
    public void Ended() => offersWritten.Clear();

    private void Write(Group group) => session
        .Sql($"""
            INSERT INTO groups ({Records.GroupColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET queued = excluded.queued, queued_seconds = excluded.queued_seconds,
                active = excluded.active, head_tier = excluded.head_tier, head_ready_at = excluded.head_ready_at,
                installs = excluded.installs, revision = excluded.revision
            """)
        .Bind(group.Id).Bind(group.Key.OrgId).Bind(group.Key.AppVersionId).Bind((int)group.Key.Target).Bind(group.Key.Needs)
        .Bind(group.Key.Barred).Bind(group.Pool).Bind(group.Queued).Bind(group.QueuedSeconds).Bind(group.Active)
        .Bind(group.HeadTier).Bind(group.HeadSubmittedAt).Bind(group.Installs).Bind(group.Revision)
        .Bind(group.Key.Resources).Bind(group.Key.Overflow).Run();

    private void Write(AppVersion version) => session
        .Sql($"""
            INSERT INTO app_versions ({Records.VersionColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (org_id, id) DO UPDATE SET created_at = excluded.created_at, builds = excluded.builds, serving = excluded.serving,
                open_version = excluded.open_version, revision = excluded.revision,
                install_seconds = excluded.install_seconds, proven = excluded.proven, used_at = excluded.used_at
            """)
        .Bind(version.OrgId).Bind(version.Id).Bind(version.CreatedAt).BindJson(version.Builds, RowJson.Default.IReadOnlyListBuild)
        .Bind(version.Serving).Bind(version.OpenVersion).Bind(version.Revision)
        .Bind(version.InstallSeconds).Bind(version.Proven).Bind(version.UsedAt).Run();

    private void Write(OrgShare org) => session
        .Sql($"""
            INSERT INTO org_shares ({Records.OrgColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (pool, org_id) DO UPDATE SET weight = excluded.weight, max_devices = excluded.max_devices,
                max_priority = excluded.max_priority, virtual_time = excluded.virtual_time, queued = excluded.queued,
                active = excluded.active, revision = excluded.revision, keep_days = excluded.keep_days, max_disk_gb = excluded.max_disk_gb,
                max_cloud_minutes = excluded.max_cloud_minutes, cloud_seconds = excluded.cloud_seconds, cloud_month = excluded.cloud_month
            """)
        .Bind(org.Pool).Bind(org.OrgId).Bind(org.Weight).Bind((long?)org.MaxDevices).Bind((long?)org.MaxPriority)
        .Bind(org.VirtualTime).Bind(org.Queued).Bind(org.Active).Bind(org.Revision)
        .Bind((long?)org.KeepDays).Bind((long?)org.MaxDiskGb)
        .Bind((long?)org.MaxCloudMinutes).Bind(org.CloudSeconds).Bind((long?)org.CloudMonth).Run();

    private void Write(Resource resource) => session
        .Sql($"""
            INSERT INTO resources ({Records.ResourceColumns}) VALUES (?, ?, ?, ?)
            ON CONFLICT (org_id, name) DO UPDATE SET units = excluded.units, revision = excluded.revision
            """)
        .Bind(resource.OrgId).Bind(resource.Name).BindJson(resource.Units, RowJson.Default.IReadOnlyListResourceUnit).Bind(resource.Revision).Run();

    private void Write(Device device)
    {
        if (!ReferenceEquals(offers.GetValueOrDefault(device.Id), device.Offer))
        {
            session.Sql("""
                INSERT INTO devices (id, pool, agent_id, online, paused, version, last_token, installs, attempts, revision, offer)
                VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, ?)
                ON CONFLICT (id) DO UPDATE SET offer = excluded.offer
                """)
                .Bind(device.Id).Bind(device.Pool).Bind(device.AgentId).BindJson(device.Offer, RowJson.Default.DeviceOffer).Run();
            offersWritten.Add(device);
        }
        var lease = device.Lease;
        session.Sql("""
            UPDATE devices SET pool = ?, agent_id = ?, online = ?, paused = ?, pause_note = ?, version = ?, last_token = ?, installs = ?,
                attempts = ?, revision = ?, lease_token = ?, lease_job_id = ?, lease_run_id = ?, lease_attempt = ?, lease_group_id = ?,
                lease_org_id = ?, lease_app_version_id = ?, lease_claim_id = ?, lease_claimed_at = ?, lease_until = ?,
                lease_cancel = ?, lease_charged = ?, lease_units = ?, failures = ?, cooldowns = ?, cooling_until = ?, offline_since = ?
            WHERE id = ?
            """)
            .Bind(device.Pool).Bind(device.AgentId).Bind(device.Online).Bind(device.Paused).Bind(device.PauseNote).Bind(device.Version)
            .Bind(device.LastToken).Bind(device.Installs).Bind(device.Attempts).Bind(device.Revision)
            .Bind(lease?.Token).Bind(lease?.JobId).Bind(lease?.RunId).Bind((long?)lease?.Attempt).Bind(lease?.GroupId)
            .Bind(lease?.OrgId).Bind(lease?.AppVersionId).Bind(lease?.ClaimId).Bind(lease?.ClaimedAt).Bind(lease?.Until)
            .Bind(lease is null ? null : lease.CancelRequested ? 1L : 0L).Bind(lease?.ChargedSeconds)
            .BindList(lease?.Units, RowJson.Default.IReadOnlyListHeldUnit)
            .BindList(device.Health.Failures, RowJson.Default.IReadOnlyListString)
            .Bind(device.Health.Cooldowns).Bind(device.Health.CoolingUntil).Bind(device.OfflineSince)
            .Bind(device.Id).Run();
    }

    private void Write(Agent agent) => session
        .Sql($"""
            INSERT INTO agents ({Records.AgentColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET boot_id = excluded.boot_id, name = excluded.name, version = excluded.version,
                pool = excluded.pool, last_seen = excluded.last_seen, online = excluded.online, draining = excluded.draining
            """)
        .Bind(agent.Id).Bind(agent.BootId).Bind(agent.Name).Bind(agent.Version).Bind(agent.Pool).Bind(agent.LastSeen)
        .Bind(agent.Online).Bind(agent.Draining).Run();
}
