/** All families of models, in the order in which they are asked: a family that is not imported here is not known. */
import './text/bert.ts';
import './onnx-network.ts';
import './image/resnet.ts';
import './image/inverted.ts';
import './image/vit.ts';

export { registeredFamilies } from '../family.ts';
