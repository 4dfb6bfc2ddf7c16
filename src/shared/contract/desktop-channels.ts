/** The channels between preload script and main process. Only these two know them. */
export const desktopChannels = {
  choose: 'desktop:choose',
  chooseDestination: 'desktop:choose-destination',
  openWorkspace: 'desktop:open-workspace',
  reveal: 'desktop:reveal',
  notifies: 'desktop:notifies',
  setNotifies: 'desktop:set-notifies',
  connect: 'desktop:connect',
  /** Carries the port to the preload script. */
  port: 'desktop:port',
} as const;
