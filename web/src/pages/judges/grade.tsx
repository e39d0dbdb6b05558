import type { Grade } from '../../api/judges';
import { Badge, type Tone } from '../../ui/Badge';

const TONES: Record<Grade, Tone> = { A: 'good', B: 'accent', C: 'plain', U: 'unsure' };

/** A judge's grade; what it allows is in the title. */
export const GradeBadge = ({ grade, allows }: { grade: Grade; allows?: string }) => (
  <Badge tone={TONES[grade]} title={allows}>
    <span className="sr">grade </span>
    {grade}
  </Badge>
);
