/** A cell of a CSV file (RFC 4180): in quotes where it holds what ends a cell or a line. */
export const quotedCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
