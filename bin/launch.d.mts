/** Whether a version such as `22.22.0` is one this project runs on. */
export function isSupportedNode(version: string): boolean
