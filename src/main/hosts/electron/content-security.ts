/**
 * What the lab's pages may load: their own files and nothing else. The policy is sent as a header with every answer of
 * the app:// protocol, so that it also holds for pages that forget to repeat it.
 */

/**
 * Directives of https://www.w3.org/TR/CSP3/. No inline scripts and no eval; images and sounds may also come from memory (pictures
 * and charts made in the page), workers and connections from the lab itself.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  'media-src blob:',
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};
