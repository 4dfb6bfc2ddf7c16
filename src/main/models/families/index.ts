/** All families of models, in the order in which they are asked: a family that is not imported here is not known. */
import './own-network.ts';
import './onnx-network.ts'; // a folder of transformers may hold an exported network and no other weights
import './text/bert.ts';
import './text/distilbert.ts';
import './text/gpt2.ts';
import './text/modernbert.ts';
import './text/roberta.ts';
import './image/inverted.ts';
import './image/resnet.ts';
import './image/vit.ts';

export { registeredFamilies } from '../family.ts';
