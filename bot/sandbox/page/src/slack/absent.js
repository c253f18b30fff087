// Stands in for packages that only blocks the bot never sends would need.
export default () => null;
export const emojify = (text) => text;
export const get = () => undefined;
