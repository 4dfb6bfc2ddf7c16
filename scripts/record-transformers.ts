/**
 * Records what transformers computes with exported networks: `node scripts/record-transformers.ts <python with torch and
 * transformers>` writes tests/fixtures/transformers/exported.json. Run it again when the networks of
 * tests/unit/runs/export/networks.ts or the tables of names change.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../src/main/formats/safetensors.ts';
import { hubCases, hubConfig, hubFeeds, hubTensors, recordedEvery } from '../tests/unit/runs/export/hub-cases.ts';

const program = `
import json, sys, torch, transformers
folder = sys.argv[1]
name = json.load(open(folder + "/config.json"))["architectures"][0]
without = {"add_pooling_layer": False} if name == "BertModel" else {}
model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True, **without)
assert not any(info.values()), info
feeds = {key: torch.tensor(value) for key, value in json.load(open(folder + "/feeds.json")).items()}
with torch.no_grad():
    outputs = model.eval()(**feeds)
named = {"prediction_logits": "tokens", "seq_relationship_logits": "classes", "last_hidden_state": "sequence"}
logits = {key: value for key, value in outputs.items() if key.endswith("logits") or key == "last_hidden_state"}
print(json.dumps({named.get(key, "tokens" if value.dim() == 3 else "classes"): [float("%.6g" % number) for number in value.flatten()[::${recordedEvery}]] for key, value in logits.items()}))
`;

const inputs = { tokens: 'input_ids', segments: 'token_type_ids', mask: 'attention_mask' } as const;

const [python = 'python3'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'pretext-transformers-'));
const recorded: Record<string, unknown> = {};
for (const one of hubCases) {
  const tensors = hubTensors(one);
  const { feeds, batch } = hubFeeds(one);
  const config = {
    ...hubConfig(one),
    pad_token_id: 0,
    cls_token_id: 2,
    bos_token_id: 2,
    sep_token_id: 3,
    eos_token_id: 3,
  };
  const rows = Object.entries(inputs).flatMap(([own, name]) => {
    const data = feeds[own];
    if (!data || !one.architecture.inputNames.includes(name)) return [];
    const length = data.length / batch;
    return [
      [name, Array.from({ length: batch }, (_, row) => Array.from(data.slice(row * length, (row + 1) * length)))],
    ];
  });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'feeds.json'), JSON.stringify(Object.fromEntries(rows)));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  const logits: unknown = JSON.parse(execFileSync(python, ['-c', program, folder], { encoding: 'utf8' }));
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}[${shape.join()}]`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  recorded[one.network.name] = { sha256: hash.digest('hex'), logits };
}
await rm(folder, { recursive: true });
const target = join(import.meta.dirname, '../tests/fixtures/transformers');
await mkdir(target, { recursive: true });
await writeFile(join(target, 'exported.json'), `${JSON.stringify(recorded)}\n`);
