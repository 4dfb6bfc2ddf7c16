/** What the palette gives to the canvas when a block is dragged: its type, under a name that nothing else uses. */
export const draggedBlock = 'application/x-pretext-block';
