#!/usr/bin/env bash
# Training steps on an NVIDIA card, in at most eight minutes, in float32 and in half precisions: through WebGPU, through CUDA (where its
# part of ONNX Runtime is installed: see the README), and in PyTorch (where python3 or PRETEXT_PYTHON has one with CUDA). After `npm ci`.
#
#   bash bench/gpu.sh            as it is
#   bash bench/gpu.sh small      small networks, to see that it works on a card in software
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
size="${1:-}"
seconds=6
[ "$size" = small ] && seconds=1

node --version
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
echo '== WebGPU'
timeout 120 node --disable-warning=ExperimentalWarning bench/gpu/steps.ts webgpu "$seconds" $size
echo '== CUDA'
timeout 240 node --disable-warning=ExperimentalWarning bench/gpu/steps.ts cuda "$seconds" $size
echo '== PyTorch'
python="${PRETEXT_PYTHON:-python3}"
if "$python" -c 'import torch' 2>/dev/null; then
  timeout 100 "$python" -B bench/gpu/torch_steps.py "$seconds"
else
  echo "no PyTorch in $python: name a Python that has one in PRETEXT_PYTHON"
fi
