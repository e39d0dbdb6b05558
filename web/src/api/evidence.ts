import { upload } from './client';

/** The public half of the key that the server signs with. */
export interface EvidenceKey {
  id: string;
  pem: string;
}
/** What was found in a pack, or in a disclosed part of one. */
export type Verified =
  | {
      verified: true;
      verdict?: string | null;
      run?: { id: string; suite: string };
      trials: number;
      scores: number;
      /** Pieces of content that fit their commitments; `null` when the content was left out. */
      content: number | null;
      built_at?: string;
    }
  | { verified: false; faults: string[] };

/** Checks a pack on the server; `pem` is the key to check with, the server's own when it is empty. */
export const verify = (pack: Blob, pem: string) =>
  upload<Verified>('/evidence/verify', { key: pem.trim() || undefined }, pack);
