using Qgjob.Core.Orgs;

namespace Qgjob.Stores.Sqlite;

/// <summary>Orgs' shares, which every claim and finish changes, and named resources.</summary>
internal sealed partial class SqliteRows
{
    private readonly Remembered<(string Pool, string Org), OrgShare> orgs = new();
    private readonly Remembered<(string Org, string Name), Resource> resources = new();
    /// <summary>Pools of which every org is remembered.</summary>
    private readonly HashSet<string> poolsRead = [];

    public OrgShare? FindOrg(string pool, string orgId) => orgs.Find((pool, orgId), () => session
        .Sql($"SELECT {Records.OrgColumns} FROM org_shares WHERE pool = ? AND org_id = ?").Bind(pool).Bind(orgId).One(Records.Org));

    public IReadOnlyList<OrgShare> OrgsOf(string pool)
    {
        // What is remembered may be newer than the file.
        if (poolsRead.Add(pool))
            foreach (var org in session.Sql($"SELECT {Records.OrgColumns} FROM org_shares WHERE pool = ?").Bind(pool).All(Records.Org))
                orgs.Find((pool, org.OrgId), () => org);
        return [.. orgs.Rows.Where(o => o.Pool == pool)];
    }

    public void Save(OrgShare org) => orgs.Put((org.Pool, org.OrgId), org);

    private void Write((string Pool, string Org) key, OrgShare org) => session
        .Sql($"""
            INSERT INTO org_shares ({Records.OrgColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (pool, org_id) DO UPDATE SET weight = excluded.weight, max_devices = excluded.max_devices,
                max_priority = excluded.max_priority, virtual_time = excluded.virtual_time, queued = excluded.queued,
                active = excluded.active, revision = excluded.revision
            """)
        .Bind(key.Pool).Bind(key.Org).Bind(org.Weight).Bind((long?)org.MaxDevices).Bind((long?)org.MaxPriority)
        .Bind(org.VirtualTime).Bind(org.Queued).Bind(org.Active).Bind(org.Revision).Run();

    public Resource? FindResource(string orgId, string name) => resources.Find((orgId, name), () => session
        .Sql($"SELECT {Records.ResourceColumns} FROM resources WHERE org_id = ? AND name = ?").Bind(orgId).Bind(name).One(Records.Resource));

    public void Save(Resource resource) => resources.Put((resource.OrgId, resource.Name), resource);

    private void Write((string Org, string Name) key, Resource resource) => session
        .Sql($"""
            INSERT INTO resources ({Records.ResourceColumns}) VALUES (?, ?, ?, ?)
            ON CONFLICT (org_id, name) DO UPDATE SET units = excluded.units, revision = excluded.revision
            """)
        .Bind(key.Org).Bind(key.Name).BindJson(resource.Units, StoreJson.Default.IReadOnlyListResourceUnit).Bind(resource.Revision).Run();

    private void ForgetOrgs()
    {
        orgs.Clear();
        resources.Clear();
        poolsRead.Clear();
    }
}
