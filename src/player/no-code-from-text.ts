/** The page's policy forbids code that is made from text, which zod would try: it is told so before any schema is made. */
import { z } from 'zod';

z.config({ jitless: true });
