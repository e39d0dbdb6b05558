import { useState } from 'react';
import type { RunItem } from '../../api/types';
import { Menu } from '../../ui/Overlay';
import { AskPeople } from './AskPeople';
import { Baseline } from './Baseline';
import { useNavigate } from 'react-router';

/** What comes next with a complete run. */
export function Use({ run }: { run: RunItem }) {
  const navigate = useNavigate();
  const [wanted, setWanted] = useState<'baseline' | 'people' | null>(null);
  const close = () => setWanted(null);
  return (
    <>
      <Menu
        trigger={
          <button type="button" className="button">
            Use it ▾
          </button>
        }
        items={[
          { text: 'As a baseline…', run: () => setWanted('baseline') },
          { text: 'For people to rate…', run: () => setWanted('people') },
          {
            text: 'For a release…',
            run: () => void navigate(`/releases?${new URLSearchParams({ new: run.short })}`),
          },
        ]}
      />
      {wanted === 'baseline' && <Baseline run={run} close={close} />}
      {wanted === 'people' && <AskPeople run={run} close={close} />}
    </>
  );
}
