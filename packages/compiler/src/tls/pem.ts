/** A block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  readonly der: Uint8Array;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/**
 * The blocks of a PEM text, or a sentence saying what is wrong with it. Text around the blocks is skipped, as tools write it there. Linear in
 * the length of the text; the sentence quotes nothing but labels.
 */
export function pemBlocks(bytes: Uint8Array): readonly PemBlock[] | string {
  const text = new TextDecoder('latin1').decode(bytes);
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    const label = labelEnd < 0 ? '' : text.slice(at + BEGIN.length, labelEnd);
    if (!/^[A-Z0-9 ]{1,40}$/.test(label)) return 'found a PEM block without a name';
    const end = `-----END ${label}-----`;
    const bodyEnd = text.indexOf(end, labelEnd);
    if (bodyEnd < 0) return `found a PEM block "${label}" without its end`;
    const der = base64Bytes(text.slice(labelEnd + DASHES.length, bodyEnd));
    if (der === undefined) return `found a PEM block "${label}" that is not base64`;
    blocks.push({ label, der });
    at = bodyEnd + end.length;
  }
  return blocks.length === 0 ? 'found no PEM block' : blocks;
}

function base64Bytes(text: string): Uint8Array | undefined {
  // Old private keys have header lines (RFC 1421) before an empty line.
  const headerEnd = text.includes(':') ? Math.max(text.indexOf('\n\n'), text.indexOf('\r\n\r\n')) : 0;
  const joined = text.slice(Math.max(0, headerEnd)).replace(/\s/g, '');
  if (joined.length % 4 !== 0 || joined === '' || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) return undefined;
  return Uint8Array.from(atob(joined), (sign) => sign.charCodeAt(0));
}
