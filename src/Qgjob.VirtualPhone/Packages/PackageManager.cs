using System.IO.Compression;
using Qgjob.Core.Apps;
using Qgjob.Phones.Device;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.Packages;

/// <summary>Installs, keeps and removes packages, one installation at a time as Android does.</summary>
internal sealed class PackageManager : IDisposable
{
    private readonly PhoneDevice phone;
    private readonly SemaphoreSlim installing = new(1, 1);
    private readonly SortedDictionary<string, InstalledPackage> packages = new(StringComparer.Ordinal);
    private int lastUid;

    public PackageManager(PhoneDevice phone, PhoneState saved)
    {
        this.phone = phone;
        lastUid = saved.LastUid;
        foreach (var package in saved.Packages)
            Restore(package);
    }

    public int LastUid => lastUid;

    public IReadOnlyList<InstalledPackage> All
    {
        get
        {
            lock (phone.Gate)
                return [.. packages.Values];
        }
    }

    public InstalledPackage? Find(string id)
    {
        lock (phone.Gate)
            return packages.GetValueOrDefault(id);
    }

    public IEnumerable<PackageState> ToSave() => packages.Values.Select(p =>
        new PackageState(p.Id, p.Blob, p.ApkPath, p.Uid, [.. p.Granted], p.FirstInstalled, p.Updated));

    /// <param name="blob">The APK's bytes, already in the store; theirs from now on, whatever the outcome.</param>
    /// <param name="flags">How to install.</param>
    /// <param name="cancel">Ends the waiting for another installation and for the install delay.</param>
    public async Task<InstallOutcome> InstallAsync(string blob, InstallFlags flags, CancellationToken cancel)
    {
        var kept = false;
        await installing.WaitAsync(cancel);
        try
        {
            ApkManifest manifest;
            string? signer;
            try
            {
                manifest = ApkManifest.Read(phone.Store.BlobPath(blob));
                signer = ApkSigner.Read(phone.Store.BlobPath(blob));
            }
            catch (InvalidApkException ex)
            {
                return new InstallOutcome.Refused("INSTALL_PARSE_FAILED_NOT_APK", ex.Message);
            }

            var fault = phone.Faults.TakeInstall(manifest.PackageId);
            await phone.Pace.InstallAsync(fault.Delay, cancel);
            if (fault.Code is { } code)
                return new InstallOutcome.Refused(code, "Failed because this virtual phone was told to");
            var bytes = new FileInfo(phone.Store.BlobPath(blob)).Length;
            lock (phone.Gate)
            {
                if (Refuse(manifest, signer, bytes, flags) is { } refused)
                    return refused;
                kept = true;
                return new InstallOutcome.Installed(Replace(manifest, signer, bytes, blob, flags));
            }
        }
        finally
        {
            installing.Release();
            if (!kept)
                phone.Store.DeleteBlob(blob);
        }
    }

    public bool Uninstall(string id, bool keepData)
    {
        lock (phone.Gate)
        {
            if (!packages.Remove(id, out var package))
                return false;
            phone.ForceStop(id);
            phone.Files.Remove(package.Folder);
            phone.Store.DeleteBlob(package.Blob);
            if (!keepData)
                phone.Store.DeleteAppData(id);
            phone.Save();
        }

        phone.Tally.Uninstalled(id);
        phone.Log.Write('I', "PackageManager", $"Package {id} removed");
        return true;
    }

    /// <summary>Ends the app, wipes its data and takes its granted permissions back.</summary>
    public bool Clear(string id)
    {
        lock (phone.Gate)
        {
            if (!packages.TryGetValue(id, out var package))
                return false;
            phone.ForceStop(id);
            phone.Store.DeleteAppData(id);
            package.Granted.Clear();
            phone.Save();
        }

        phone.Tally.Cleared(id);
        phone.Log.Write('I', "ActivityManager", $"Clearing app data of {id}");
        return true;
    }

    /// <returns>Why not, or null where it is done.</returns>
    public string? SetPermission(string id, string permission, bool granted)
    {
        lock (phone.Gate)
        {
            if (!packages.TryGetValue(id, out var package))
                return $"java.lang.IllegalArgumentException: Unknown package: {id}";
            if (!package.Manifest.Permissions.Contains(permission))
                return $"java.lang.SecurityException: Package {id} has not requested permission {permission}";
            if (granted ? package.Granted.Add(permission) : package.Granted.Remove(permission))
                phone.Save();
            return null;
        }
    }

    public bool IsGranted(string id, string permission) => Find(id)?.Granted.Contains(permission) == true;

    /// <summary>The app's screens; an app without a description shows its package id.</summary>
    public UiDescription ReadDescription(InstalledPackage package)
    {
        using var zip = ZipFile.OpenRead(phone.Store.BlobPath(package.Blob));
        if (zip.GetEntry(UiDescription.AssetPath) is not { } entry)
            return UiDescription.ForPlainApp(package.Id);
        try
        {
            if (entry.Length > UiDescription.MaxBytes)
                throw new UiDescriptionException("the file is larger than 1 MB");
            using var content = entry.Open();
            var bytes = new byte[entry.Length];
            content.ReadExactly(bytes);
            return UiDescription.Parse(bytes);
        }
        catch (Exception ex) when (ex is UiDescriptionException or InvalidDataException or EndOfStreamException)
        {
            phone.Log.Write('E', package.Id, $"{UiDescription.AssetPath}: {ex.Message}");
            return UiDescription.ForProblem(ex.Message);
        }
    }

    public void Dispose() => installing.Dispose();

    private InstallOutcome.Refused? Refuse(ApkManifest manifest, string? signer, long bytes, InstallFlags flags)
    {
        var id = manifest.PackageId;
        if (manifest.MinSdk > phone.Options.ApiLevel)
        {
            return new("INSTALL_FAILED_OLDER_SDK",
                $"Failed parse during installPackageLI: Requires newer sdk version #{manifest.MinSdk} (current version is #{phone.Options.ApiLevel})");
        }

        // Old and new lie side by side while an update is made.
        if (phone.Faults.Storage is { } room && !Faults.IsAppiums(id)
            && packages.Values.Where(p => !Faults.IsAppiums(p.Id)).Sum(p => p.Bytes) + bytes > room)
            return new("INSTALL_FAILED_INSUFFICIENT_STORAGE", "Failed to override installation location");
        if (!packages.TryGetValue(id, out var old))
            return null;
        // Since Android 9 an installation replaces without being told to.
        if (!flags.Replace && phone.Options.ApiLevel < 28)
            return new("INSTALL_FAILED_ALREADY_EXISTS", $"Attempt to re-install {id} without first uninstalling.");
        if (signer != old.Signer)
        {
            return new("INSTALL_FAILED_UPDATE_INCOMPATIBLE",
                $"Existing package {id} signatures do not match newer version; ignoring!");
        }

        return manifest.VersionCode < old.Manifest.VersionCode && !flags.AllowDowngrade
            ? new("INSTALL_FAILED_VERSION_DOWNGRADE",
                $"Downgrade detected: Update version code {manifest.VersionCode} is older than current {old.Manifest.VersionCode}")
            : null;
    }

    private InstalledPackage Replace(ApkManifest manifest, string? signer, long bytes, string blob, InstallFlags flags)
    {
        var id = manifest.PackageId;
        var now = phone.Time.GetUtcNow();
        var old = packages.GetValueOrDefault(id);
        phone.ForceStop(id);
        if (old is not null)
        {
            phone.Files.Remove(old.Folder);
            phone.Store.DeleteBlob(old.Blob);
        }

        var granted = (flags.GrantAll ? manifest.Permissions : old?.Granted.Intersect(manifest.Permissions) ?? []).ToHashSet();
        var package = new InstalledPackage(manifest, blob, $"/data/app/~~{blob}==/{id}-{blob}==/base.apk",
            old?.Uid ?? ++lastUid, granted, old?.FirstInstalled ?? now, now, signer, bytes);
        packages[id] = package;
        phone.Files.Put(package.ApkPath, blob, 0x1a4, now, system: true);
        phone.Save();
        phone.Tally.Installed(id);
        phone.Log.Write('I', "PackageManager",
            $"Package {id} {(old is null ? "installed" : "updated")}, versionCode {manifest.VersionCode}, versionName {manifest.VersionName}");
        return package;
    }

    private void Restore(PackageState saved)
    {
        try
        {
            var manifest = ApkManifest.Read(phone.Store.BlobPath(saved.Blob));
            packages[saved.Id] = new InstalledPackage(
                manifest, saved.Blob, saved.Path, saved.Uid, [.. saved.Granted], saved.FirstInstalled, saved.Updated,
                ApkSigner.Read(phone.Store.BlobPath(saved.Blob)), new FileInfo(phone.Store.BlobPath(saved.Blob)).Length);
            phone.Files.Put(saved.Path, saved.Blob, 0x1a4, saved.Updated, system: true);
        }
        catch (Exception ex) when (ex is InvalidApkException or IOException)
        {
            // Someone deleted or damaged the bytes: to the phone, the package is gone.
            phone.Log.Write('W', "PackageManager", $"Package {saved.Id} lost: {ex.Message}");
        }
    }
}
