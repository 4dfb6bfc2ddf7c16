// Before the first test of a run and after its last.
import { openTestPlaces } from '../scripts/test-places.ts';

export const setup = openTestPlaces;
