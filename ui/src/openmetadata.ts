// OpenMetadata's own session, where the page is served from the same origin.
/** The token that OpenMetadata's page keeps in this browser, or null. */
export async function tokenOfOpenMetadata(): Promise<string | null> {
  return null;
}
