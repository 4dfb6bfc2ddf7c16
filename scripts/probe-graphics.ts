/** Says as JSON whether programs compute through WebGPU here: for who starts it with the variables of `graphics.ts`. */
import { probeDevice } from '../src/main/engines/onnxruntime/devices.ts';

const { available, reason } = await probeDevice('webgpu');
process.stdout.write(JSON.stringify({ available, reason }));
