/** The release, as package.json has it (a test holds them equal: a bundle has no package.json beside it). */
export const VERSION = '0.1.0';
