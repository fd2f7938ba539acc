using Qgjob.Core.Devices;

namespace Qgjob.Stores.Sqlite;

/// <summary>Devices with their leases, written at once, and agents.</summary>
internal sealed partial class SqliteRows
{
    private readonly Remembered<string, Device> devices = new();
    private readonly Remembered<string, Agent> agents = new();

    public Device? FindDevice(string deviceId) => devices.Find(deviceId, () => session
        .Sql($"SELECT {Records.DeviceColumns} FROM devices WHERE id = ?").Bind(deviceId).One(Records.Device));

    public IReadOnlyList<Device> DevicesOfPool(string pool) => session
        .Sql($"SELECT {Records.DeviceColumns} FROM devices WHERE pool = ?").Bind(pool).All(Records.Device);

    public IReadOnlyList<Device> DevicesOf(string agentId) => session
        .Sql($"SELECT {Records.DeviceColumns} FROM devices WHERE agent_id = ? ORDER BY id").Bind(agentId).All(Records.Device);

    public IReadOnlyList<Device> LeasesPast(DateTimeOffset now, int max) => session
        .Sql($"SELECT {Records.DeviceColumns} FROM devices WHERE lease_until <= ? ORDER BY id LIMIT ?")
        .Bind(now).Bind(max).All(Records.Device);

    public void Save(Device device)
    {
        var known = FindDevice(device.Id);
        if (known is null)
        {
            session.Sql("""
                INSERT INTO devices (id, pool, agent_id, online, paused, version, last_token, installs, attempts, revision, offer)
                VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, ?)
                """)
                .Bind(device.Id).Bind(device.Pool).Bind(device.AgentId)
                .BindJson(device.Offer, StoreJson.Default.DeviceOffer).Run();
        }
        else if (!ReferenceEquals(known.Offer, device.Offer))
        {
            session.Sql("UPDATE devices SET pool = ?, agent_id = ?, offer = ? WHERE id = ?")
                .Bind(device.Pool).Bind(device.AgentId).BindJson(device.Offer, StoreJson.Default.DeviceOffer)
                .Bind(device.Id).Run();
        }
        UpdateHot(device);
        devices.Remember(device.Id, device);
    }

    /// <summary>What claims and finishes change; the offer and the owner stay as they are.</summary>
    private void UpdateHot(Device device)
    {
        var lease = device.Lease;
        session.Sql("""
            UPDATE devices SET online = ?, paused = ?, pause_note = ?, version = ?, last_token = ?, installs = ?, attempts = ?,
                revision = ?, lease_token = ?, lease_job_id = ?, lease_run_id = ?, lease_attempt = ?, lease_group_id = ?,
                lease_org_id = ?, lease_app_version_id = ?, lease_claim_id = ?, lease_claimed_at = ?, lease_until = ?,
                lease_cancel = ?, lease_charged = ?, lease_units = ?, failures = ?, cooldowns = ?, cooling_until = ?
            WHERE id = ?
            """)
            .Bind(device.Online).Bind(device.Paused).Bind(device.PauseNote).Bind(device.Version).Bind(device.LastToken)
            .Bind(device.Installs).Bind(device.Attempts).Bind(device.Revision)
            .Bind(lease?.Token).Bind(lease?.JobId).Bind(lease?.RunId).Bind((long?)lease?.Attempt).Bind(lease?.GroupId)
            .Bind(lease?.OrgId).Bind(lease?.AppVersionId).Bind(lease?.ClaimId).Bind(lease?.ClaimedAt).Bind(lease?.Until)
            .Bind(lease is null ? null : lease.CancelRequested ? 1L : 0L).Bind(lease?.ChargedSeconds)
            .BindList(lease?.Units, StoreJson.Default.IReadOnlyListHeldUnit)
            .BindList(device.Health.Failures, StoreJson.Default.IReadOnlyListString)
            .Bind(device.Health.Cooldowns).Bind(device.Health.CoolingUntil)
            .Bind(device.Id).Run();
    }

    public void SaveLeaseEnd(Device device)
    {
        session.Sql("UPDATE devices SET lease_until = ? WHERE id = ?").Bind(device.Lease!.Until).Bind(device.Id).Run();
        devices.Remember(device.Id, device);
    }

    public Agent? FindAgent(string agentId) => agents.Find(agentId, () => session
        .Sql($"SELECT {Records.AgentColumns} FROM agents WHERE id = ?").Bind(agentId).One(Records.Agent));

    public IReadOnlyList<Agent> AgentsSilentSince(DateTimeOffset since)
    {
        agents.Flush(Write);
        return session.Sql($"SELECT {Records.AgentColumns} FROM agents WHERE online = 1 AND last_seen < ? ORDER BY id")
            .Bind(since).All(Records.Agent);
    }

    public void Save(Agent agent) => agents.Put(agent.Id, agent);

    private void Write(string id, Agent agent) => session
        .Sql($"""
            INSERT INTO agents ({Records.AgentColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET boot_id = excluded.boot_id, name = excluded.name, version = excluded.version,
                pool = excluded.pool, last_seen = excluded.last_seen, online = excluded.online, draining = excluded.draining
            """)
        .Bind(id).Bind(agent.BootId).Bind(agent.Name).Bind(agent.Version).Bind(agent.Pool).Bind(agent.LastSeen)
        .Bind(agent.Online).Bind(agent.Draining).Run();
}
