/** Recorded by `tests/numeric/reference/self-check.ts`, which evaluates the self-check in float64. */
export const recordedLoss = 3.55040771;

/** The derivative of the loss with respect to each parameter along each of the `directions`. */
export const recordedGradients: Readonly<Record<string, readonly number[]>> = {
  embedding: [0.9502557, 0.5679967],
  positions: [0.3323181, 0.471194],
  'first/gain': [0.5567704, 0.383766],
  'first/shift': [0.02080656, -0.2971843],
  'attention/weight': [0.2905916, -0.4887379],
  'attention/bias': [0.004534616, 0.1702169],
  'inner/weight': [1.406961, -2.123701],
  'inner/bias': [-0.06775952, -0.4370135],
  'outer/weight': [-2.6425, 0.4609629],
  'outer/bias': [-0.3582194, -0.06898728],
  'second/gain': [0.09236945, 0.05241233],
  'second/shift': [-0.4927826, -1.012439],
  'words/bias': [-0.1865924, -0.3027256],
  'candidate/weight': [-0.1139716, -0.0146061],
  'candidate/bias': [0.03927015, -0.01599643],
  'gate/weight': [-0.01973561, -0.04409266],
  'gate/bias': [-0.01846822, -0.02966903],
  'classes/weight': [0.001059082, -0.0391398],
  'classes/bias': [-0.1123945, -0.02867925],
};
