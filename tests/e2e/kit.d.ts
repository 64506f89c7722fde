/** What tests in browsers use of the kits of other tests, which are written in JavaScript. */
declare module "*/people/kit/provider.mjs" {
  export class IdentityProvider {
    static start(wanted: { sitePort: number }): Promise<IdentityProvider>;
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
    /** What it knows of people, by the name they sign in with. */
    readonly people: Map<string, { name: string; email: string; email_verified: boolean }>;
    down(): Promise<void>;
  }
}
