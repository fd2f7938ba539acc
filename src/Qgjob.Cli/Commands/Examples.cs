namespace Qgjob.Cli.Commands;

/// <summary>Examples under each command's help. They are tested: every one parses.</summary>
internal static class Examples
{
    public static IReadOnlyDictionary<string, string[]> ByCommand { get; } = new Dictionary<string, string[]>
    {
        ["submit"] =
        [
            "qgjob submit --org-id=qualgent --app-version-id=xyz123 --test=tests/onboarding.spec.js",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --app builds/todo.apk --test 'tests/**/*.spec.ts' --wait",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --platform android --device 'os>=13,model=Pixel*'",
            "qgjob submit --org-id qualgent --app-version-id xyz123 --test tests --list",
        ],
        ["status"] = ["qgjob status --job-id=j-01k9z", "qgjob status --run-id r-01k9z --json"],
        ["wait"] = ["qgjob wait r-01k9z --timeout 30m", "qgjob wait r-01k9z --cancel-on-interrupt --report junit=results.xml,json=results.json"],
        ["logs"] = ["qgjob logs j-01k9z -f", "qgjob logs j-01k9z --attempt 1"],
        ["list"] = ["qgjob list --org-id qualgent", "qgjob list --jobs --run-id r-01k9z --status failed"],
        ["cancel"] = ["qgjob cancel r-01k9z", "qgjob cancel j-01k9z"],
        ["results"] = ["qgjob results r-01k9z", "qgjob results j-01k9z --json"],
        ["artifacts"] = ["qgjob artifacts j-01k9z", "qgjob artifacts j-01k9z --download results"],
        ["apps"] = ["qgjob apps upload builds/todo.apk --org-id qualgent --app-version-id xyz123", "qgjob apps list --org-id qualgent"],
        ["upload"] = ["qgjob apps upload builds/todo.apk --org-id qualgent --app-version-id xyz123"],
        ["devices"] = ["qgjob devices list", "qgjob devices pause pixel-7 --note 'screen is broken'", "qgjob devices resume pixel-7"],
        ["agents"] = ["qgjob agents list", "qgjob agents drain a-01k9z"],
        ["groups"] = ["qgjob groups"],
        ["agent"] = ["qgjob agent", "qgjob agent --virtual-phones 2 --tag desk", "qgjob agent --workspace ~/src/shop-tests"],
        ["virtual-phone"] = ["qgjob virtual-phone --name p1 --data /tmp/p1 --install-delay 3s"],
        ["doctor"] = ["qgjob doctor", "qgjob doctor --project ~/src/shop-tests --url http://lab:8000", "qgjob doctor --json"],
        ["completion"] = ["source <(qgjob completion bash)", "source <(qgjob completion zsh)", "qgjob completion fish | source"],
        ["version"] = ["qgjob version", "qgjob version --json"],
    };
}
