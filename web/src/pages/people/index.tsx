import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, Problem } from '../../api/client';
import { ROLES, type Key, type KeyMade, type User, type UserMade } from '../../api/people';
import { useGet } from '../../api/queries';
import type { Role } from '../../api/types';
import { useMay, useSession } from '../../app/session';
import { stamp } from '../../format/time';
import { Badge } from '../../ui/Badge';
import { Checks, DialogForm, Field } from '../../ui/Form';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { Secret } from './Secret';

type Doing =
  { what: 'add' } | { what: 'change' | 'password' | 'key'; user: User } | { what: 'revoke'; key: Key } | null;

/** Who may use the server, as what, and which programs act in whose name. */
export function Component() {
  const session = useSession();
  const admin = useMay('admin');
  if (session.mode === 'local')
    return (
      <Page title="People">
        <Empty title="One person is here, with every role" command="assay serve --team --host 0.0.0.0">
          Without --team the server listens on this machine alone. With it people have accounts, roles and
          keys; the first one is made by: assay user add NAME --role admin.
        </Empty>
      </Page>
    );
  if (!admin)
    return (
      <Page title="People">
        <Empty title="An admin lets people in">
          You are {session.user?.roles.join(', ')}. Ask an admin for another role.
        </Empty>
      </Page>
    );
  return <People />;
}

function People() {
  const client = useQueryClient();
  const users = useGet<User[]>('/users');
  const keys = useGet<Key[]>('/keys');
  const [doing, setDoing] = useState<Doing>(null);
  const [secret, setSecret] = useState<{ title: string; text: string; secret: string } | null>(null);
  const close = () => setDoing(null);
  const again = () => {
    void client.invalidateQueries({ queryKey: ['/users'] });
    void client.invalidateQueries({ queryKey: ['/keys'] });
  };
  const told = (made: { title: string; text: string; secret: string | null }) => {
    again();
    close();
    if (made.secret !== null) setSecret({ ...made, secret: made.secret });
  };
  return (
    <Page
      title="People"
      sub="Who may use the server, as what, and which programs act in whose name."
      actions={
        <button type="button" className="button primary" onClick={() => setDoing({ what: 'add' })}>
          Let somebody in…
        </button>
      }
    >
      <Panel title="People" flush>
        <Await query={users}>{list => <Users users={list} act={setDoing} again={again} />}</Await>
      </Panel>
      <Panel title="Keys" note="of programs; newest first" flush>
        <Await query={keys}>
          {list =>
            list.length === 0 ? (
              <Empty title="No key yet" command="assay user key NAME nightly --role engineer --days 30">
                A program that calls the API sends a key, and acts in the name of a person.
              </Empty>
            ) : (
              <Keys keys={list} revoke={key => setDoing({ what: 'revoke', key })} />
            )
          }
        </Await>
      </Panel>
      <Panel title="What the roles may">
        <dl className="facts">
          {ROLES.map(({ role, may }) => (
            <div key={role} className="contents">
              <dt>{role}</dt>
              <dd>{may}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      {doing?.what === 'add' && (
        <Add
          close={close}
          done={({ user, password }) =>
            told({ title: `The password of ${user.name}`, text: 'They need it to log in.', secret: password })
          }
        />
      )}
      {doing?.what === 'change' && (
        <Change
          user={doing.user}
          close={close}
          done={() => {
            again();
            close();
          }}
        />
      )}
      {doing?.what === 'password' && (
        <DialogForm<{ password: string | null }>
          open
          close={close}
          title={`Another password for ${doing.user.name}`}
          text="The one they have is void at once, and they log in anew."
          verb="Make a password"
          danger
          act={() => api.post(`/users/${encodeURIComponent(doing.user.name)}/password`)}
          done={({ password }) =>
            told({
              title: `The password of ${doing.user.name}`,
              text: 'They need it to log in.',
              secret: password,
            })
          }
        >
          {null}
        </DialogForm>
      )}
      {doing?.what === 'key' && (
        <MakeKey
          user={doing.user}
          close={close}
          done={({ item, key }) =>
            told({
              title: `The key ${item.name}`,
              text: `The program sends it as "Authorization: Bearer …". It is good until ${stamp(item.expires_us)}.`,
              secret: key,
            })
          }
        />
      )}
      {doing?.what === 'revoke' && (
        <DialogForm
          open
          close={close}
          title={`Revoke the key ${doing.key.name}`}
          text={`Programs that use it as ${doing.key.user} are refused from now on.`}
          verb="Revoke"
          danger
          act={() => api.delete(`/keys/${encodeURIComponent(doing.key.id)}`)}
          done={() => {
            again();
            close();
          }}
        >
          {null}
        </DialogForm>
      )}
      {secret && <Secret {...secret} close={() => setSecret(null)} />}
    </Page>
  );
}

function Users({ users, act, again }: { users: User[]; act: (doing: Doing) => void; again: () => void }) {
  const me = useSession().user?.name;
  const shut = useMutation<User, Problem, User>({
    mutationFn: user => api.patch(`/users/${encodeURIComponent(user.name)}`, { disabled: !user.disabled }),
    onSuccess: again,
  });
  return (
    <>
      {shut.error && <ProblemView error={shut.error} />}
      <table className="table" aria-label="People">
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col">address</th>
            <th scope="col">roles</th>
            <th scope="col">comes in by</th>
            <th scope="col">since</th>
            <th scope="col" aria-label="Acts" />
          </tr>
        </thead>
        <tbody>
          {users.map(user => (
            <tr key={user.name} className={user.disabled ? 'off' : ''}>
              <th scope="row">
                <Text>{user.name}</Text> {user.name === me && <span className="faint small">you</span>}
              </th>
              <td>
                <Text>{user.email}</Text>
              </td>
              <td>
                <span className="row tight">
                  {user.roles.map(role => (
                    <Badge key={role} tone={role === 'admin' ? 'accent' : 'plain'}>
                      {role}
                    </Badge>
                  ))}
                </span>
              </td>
              <td>
                {user.disabled ? (
                  <Badge tone="bad">✗ shut out</Badge>
                ) : (
                  [user.password && 'password', user.provider && 'organisation'].filter(Boolean).join(', ') ||
                  'keys only'
                )}
              </td>
              <td>
                <When us={user.created_us} />
              </td>
              <td className="nowrap acts">
                <button type="button" className="button small" onClick={() => act({ what: 'change', user })}>
                  Roles…
                </button>{' '}
                {!user.disabled && (
                  <>
                    <button
                      type="button"
                      className="button small"
                      onClick={() => act({ what: 'password', user })}
                    >
                      Password…
                    </button>{' '}
                    <button type="button" className="button small" onClick={() => act({ what: 'key', user })}>
                      Key…
                    </button>{' '}
                  </>
                )}
                <button
                  type="button"
                  className={`button small ${user.disabled ? '' : 'danger'}`}
                  disabled={shut.isPending}
                  onClick={() => shut.mutate(user)}
                >
                  {user.disabled ? 'Let in again' : 'Shut out'}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Keys({ keys, revoke }: { keys: Key[]; revoke: (key: Key) => void }) {
  const [now] = useState(() => Date.now() * 1000);
  return (
    <table className="table" aria-label="Keys">
      <thead>
        <tr>
          <th scope="col">key</th>
          <th scope="col">acts as</th>
          <th scope="col">roles</th>
          <th scope="col">made</th>
          <th scope="col">last used</th>
          <th scope="col">good until</th>
          <th scope="col" aria-label="Acts" />
        </tr>
      </thead>
      <tbody>
        {keys.map(key => (
          <tr key={key.id}>
            <th scope="row">
              <Text>{key.name}</Text> <span className="mono faint small">{key.id}</span>
            </th>
            <td>
              <Text>{key.user}</Text>
            </td>
            <td>{key.roles.join(', ')}</td>
            <td>
              <When us={key.created_us} />
            </td>
            <td>{key.used_us === null ? <span className="faint">never</span> : <When us={key.used_us} />}</td>
            <td>
              {key.expires_us < now ? (
                <Badge tone="unsure">△ expired</Badge>
              ) : (
                <When us={key.expires_us} full />
              )}
            </td>
            <td>
              <button type="button" className="button small danger" onClick={() => revoke(key)}>
                Revoke…
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const choices = (of: Role[]) =>
  ROLES.filter(({ role }) => of.includes(role)).map(({ role, may }) => ({
    value: role,
    text: (
      <>
        {role} <span className="faint small">{may}</span>
      </>
    ),
  }));
const EVERY = ROLES.map(({ role }) => role);

function Add({ close, done }: { close: () => void; done: (made: UserMade) => void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [roles, setRoles] = useState<string[]>(['viewer']);
  return (
    <DialogForm<UserMade>
      open
      close={close}
      title="Let somebody in"
      text="A password is made and shown once."
      verb="Let in"
      act={() => api.post('/users', { name, email: email.trim() || null, roles })}
      done={done}
    >
      <Field label="Name" hint="What they do is recorded under it.">
        {ids => <input {...ids} required value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      <Field label="Address (optional)">
        {ids => (
          <input {...ids} type="email" value={email} onChange={event => setEmail(event.target.value)} />
        )}
      </Field>
      <Checks legend="Roles" choices={choices(EVERY)} chosen={roles} set={setRoles} />
    </DialogForm>
  );
}

function Change({ user, close, done }: { user: User; close: () => void; done: () => void }) {
  const [email, setEmail] = useState(user.email ?? '');
  const [roles, setRoles] = useState<string[]>(user.roles);
  return (
    <DialogForm
      open
      close={close}
      title={`What ${user.name} is`}
      text="With other roles they log in anew."
      verb="Change"
      act={() => api.patch(`/users/${encodeURIComponent(user.name)}`, { email: email.trim(), roles })}
      done={done}
    >
      <Field label="Address (optional)">
        {ids => (
          <input {...ids} type="email" value={email} onChange={event => setEmail(event.target.value)} />
        )}
      </Field>
      <Checks legend="Roles" choices={choices(EVERY)} chosen={roles} set={setRoles} />
    </DialogForm>
  );
}

function MakeKey({ user, close, done }: { user: User; close: () => void; done: (made: KeyMade) => void }) {
  const me = useSession().user?.name;
  // With a key of an approver somebody else would decide in their name.
  const may = user.roles.filter(role => role !== 'approver' || user.name === me);
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [roles, setRoles] = useState<string[]>(may);
  return (
    <DialogForm<KeyMade>
      open
      close={close}
      title={`A key that acts as ${user.name}`}
      text="It is shown once. What it does is recorded under their name."
      verb="Make a key"
      act={() => api.post('/keys', { user: user.name, name, roles, days: Number(days) })}
      done={done}
    >
      <Field label="What it is for" hint="Such as nightly, or ci.">
        {ids => <input {...ids} required value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      <Field label="Good for days" hint="At most 366.">
        {ids => (
          <input
            {...ids}
            type="number"
            required
            min={1}
            max={366}
            value={days}
            onChange={event => setDays(event.target.value)}
          />
        )}
      </Field>
      <Checks legend="What it may" choices={choices(may)} chosen={roles} set={setRoles} />
    </DialogForm>
  );
}
