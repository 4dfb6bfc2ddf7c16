/**
 * Colours of the lines in charts that are files of their own, by Okabe and Ito, which people with any colour vision tell apart, on light
 * ground and dark; grey for black, which dark pages swallow.
 */
export const chartColours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#7f7f7f', '#999933'];
