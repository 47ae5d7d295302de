#!/usr/bin/env bash
# The recipe of docs/ci.md: train small, keep a report, fail where training is unstable.
#
#   demo/ci/check.sh                      exits with 0
#   demo/ci/check.sh --learning-rate 2    exits with 1
#
# LOGS is where the logs and the report go; all arguments are those of train_small.py.
set -euo pipefail
logs="${LOGS:-logs/ci}"
here="$(dirname "${BASH_SOURCE[0]}")"

python "$here/train_small.py" --logdir "$logs/change" "$@"
tb-stability report "$logs" --output "$logs/stability.html" --fail-on never
tb-stability check "$logs"
