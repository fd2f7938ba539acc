namespace Qgjob.Cli.Commands;

/// <summary>Examples under each command's help, by the command's path. They are tested: each command has some, and every one parses.</summary>
internal static class Examples
{
    public static IReadOnlyDictionary<string, string[]> ByCommand { get; } = new Dictionary<string, string[]>
    {
        [""] =
        [
            "qgjob submit --org-id qualgent --app-version-id xyz123 --app builds/todo.apk --test tests --wait",
            "qgjob devices list",
            "qgjob help submit",
        ],
        ["submit"] =
        [
            "qgjob submit --org-id=qualgent --app-version-id=xyz123 --test=tests/onboarding.spec.js",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --app builds/todo.apk --test 'tests/**/*.spec.ts' --wait",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --platform android --device 'os>=13,model=Pixel*'",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --device 'tag=lab1' --each-device --wait",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --overflow browserstack --after 5m",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --queue-timeout 10m --timeout 5m --silence-timeout 90s",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --needs account:checkout --supersede pr-17 --fail-fast",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --max-attempts 2 --fail-on-flaky --wait",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests/checkout.spec.ts --split 4 --wait",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --list",
        ],
        ["status"] = ["qgjob status --job-id=j-01k9z", "qgjob status --run-id r-01k9z --json"],
        ["wait"] = ["qgjob wait r-01k9z --fail-on-flaky", "qgjob wait r-01k9z --timeout 30m", "qgjob wait r-01k9z --cancel-on-interrupt --report junit=results.xml,html=report"],
        ["logs"] = ["qgjob logs j-01k9z -f", "qgjob logs j-01k9z --attempt 1"],
        ["list"] = ["qgjob list --org-id qualgent", "qgjob list --jobs --run-id r-01k9z --status failed"],
        ["cancel"] = ["qgjob cancel r-01k9z", "qgjob cancel j-01k9z", "qgjob cancel r-01k9z --force"],
        ["rerun"] = ["qgjob rerun r-01k9z --failed", "qgjob rerun r-01k9z --failed --wait --report junit=results.xml", "qgjob rerun j-01k9z"],
        ["results"] = ["qgjob results r-01k9z", "qgjob results j-01k9z --json"],
        ["tests"] =
        [
            "qgjob tests --org-id qualgent --flaky",
            "qgjob tests --org-id qualgent --file tests/checkout.spec.ts",
            "qgjob tests 'pays by card' --org-id qualgent --history",
        ],
        ["quarantine"] =
        [
            "qgjob quarantine add 'checkout › pays by card' --org-id qualgent --reason 'bank is flaky, SHOP-12'",
            "qgjob quarantine list --org-id qualgent",
        ],
        ["quarantine list"] = ["qgjob quarantine list --org-id qualgent", "qgjob quarantine list --json"],
        ["quarantine add"] =
        [
            "qgjob quarantine add 'checkout › pays by card' --org-id qualgent --reason 'bank is flaky, SHOP-12'",
            "qgjob quarantine add 'pays *' --file tests/checkout.spec.ts --reason SHOP-12 --until 7d",
        ],
        ["quarantine remove"] = ["qgjob quarantine remove q-01k9z --org-id qualgent", "qgjob quarantine remove 'checkout › pays by card'"],
        ["report"] = ["qgjob report r-01k9z", "qgjob report r-01k9z --junit results.xml --html report"],
        ["artifacts"] = ["qgjob artifacts j-01k9z", "qgjob artifacts j-01k9z --download results"],
        ["apps"] =
        [
            "qgjob apps upload builds/todo.apk --org-id qualgent --app-version-id xyz123",
            "qgjob apps list --org-id qualgent",
            "qgjob apps show xyz123 --org-id qualgent",
        ],
        ["apps upload"] = ["qgjob apps upload builds/todo.apk --org-id qualgent --app-version-id xyz123"],
        ["apps list"] = ["qgjob apps list --org-id qualgent", "qgjob apps list --org-id qualgent --limit 10 --json"],
        ["apps show"] = ["qgjob apps show xyz123 --org-id qualgent"],
        ["devices"] = ["qgjob devices list", "qgjob devices pause lab/pixel-7 --note 'screen is broken'", "qgjob devices resume lab/pixel-7"],
        ["devices list"] = ["qgjob devices list", "qgjob devices list --json"],
        ["devices show"] = ["qgjob devices show lab/pixel-7"],
        ["devices pause"] = ["qgjob devices pause lab/pixel-7 --note 'screen is broken'"],
        ["devices resume"] = ["qgjob devices resume lab/pixel-7"],
        ["devices release"] = ["qgjob devices release lab/pixel-7"],
        ["agents"] = ["qgjob agents list", "qgjob agents drain a-01k9z", "qgjob agents resume a-01k9z"],
        ["agents list"] = ["qgjob agents list", "qgjob agents list --json"],
        ["agents drain"] = ["qgjob agents drain a-01k9z"],
        ["agents resume"] = ["qgjob agents resume a-01k9z"],
        ["groups"] = ["qgjob groups", "qgjob groups --json"],
        ["orgs"] = ["qgjob orgs list", "qgjob orgs set qualgent --weight 2 --max-devices 20"],
        ["orgs list"] = ["qgjob orgs list", "qgjob orgs list --json"],
        ["orgs set"] =
        [
            "qgjob orgs set qualgent --weight 2",
            "qgjob orgs set qualgent --max-devices 20 --max-priority high",
            "qgjob orgs set qualgent --max-devices none --max-priority none",
        ],
        ["resources"] = ["qgjob resources set account:checkout --unit anna --unit ben", "qgjob resources list"],
        ["resources list"] = ["qgjob resources list --org-id qualgent", "qgjob resources list --show-values --json"],
        ["resources set"] =
        [
            "qgjob resources set account:checkout --org-id qualgent --unit anna --unit ben",
            "qgjob resources set licence --units-from licences.txt",
        ],
        ["hooks"] = ["qgjob hooks add chat --to-from slack-url.txt --format slack --branch main", "qgjob hooks deliveries chat"],
        ["hooks add"] =
        [
            "qgjob hooks add ci --org-id qualgent --to https://ci.example.com/qgjob --event run.finished",
            "qgjob hooks add payments --to-from slack-url.txt --format slack --branch main --owner @acme/payments --owner @team-payments",
        ],
        ["hooks list"] = ["qgjob hooks list --org-id qualgent"],
        ["hooks remove"] = ["qgjob hooks remove ci --org-id qualgent"],
        ["hooks test"] = ["qgjob hooks test ci --org-id qualgent"],
        ["hooks deliveries"] = ["qgjob hooks deliveries ci --bodies", "qgjob hooks deliveries r-01k9z"],
        ["hooks redeliver"] = ["qgjob hooks redeliver ci d-01k9z"],
        ["resources remove"] = ["qgjob resources remove account:checkout --org-id qualgent"],
        ["simulate"] =
        [
            "qgjob simulate --trace jobs.csv --devices 20",
            "qgjob simulate --trace jobs.csv --devices 20 --policy fifo --json",
            "qgjob simulate --from-history --days 7 --devices 10..100 --svg devices.svg",
            "qgjob simulate --generate flood --seed 3 --devices 200 --fairness off",
            "qgjob simulate --generate arriving --load-devices 50 --jobs-out jobs.csv",
        ],
        ["agent"] =
        [
            "qgjob agent",
            "qgjob agent --virtual-phones 2 --tag desk",
            "qgjob agent --workspace ~/src/shop-tests",
            "qgjob agent --virtual-phones 4 --faults disconnect=0.02,install-failure=0.05",
        ],
        ["virtual-phone"] = ["qgjob virtual-phone --name p1 --data /tmp/p1 --install-delay 3s"],
        ["doctor"] = ["qgjob doctor", "qgjob doctor --project ~/src/shop-tests --url http://lab:8000", "qgjob doctor --json"],
        ["completion"] = ["source <(qgjob completion bash)", "source <(qgjob completion zsh)", "qgjob completion fish | source"],
        ["version"] = ["qgjob version", "qgjob version --json"],
    };

    /// <summary>The example as it is printed: where the terminal is too narrow, in lines that a shell takes as one.</summary>
    /// <param name="example">One of the above.</param>
    /// <param name="width">Columns of the terminal; null for no limit.</param>
    public static IEnumerable<string> Lines(string example, int? width)
    {
        var line = "  ";
        foreach (var part in example.Replace(" --", "\n--", StringComparison.Ordinal).Split('\n'))
        {
            // Two columns are for the backslash.
            if (line.Trim().Length > 0 && line.Length + part.Length + 2 > width)
            {
                yield return line + "\\";
                line = "      ";
            }
            line += part + " ";
        }
        yield return line.TrimEnd();
    }
}
