import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { Menu as BaseMenu } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';

/** A question or a form over the page; the focus stays within, Escape leaves it. */
export function Dialog(props: {
  open: boolean;
  close: () => void;
  title: string;
  text?: ReactNode;
  /** For much to read. */
  wide?: boolean;
  /** It has buttons at its end that close it. */
  ends?: boolean;
  children?: ReactNode;
}) {
  return (
    <BaseDialog.Root open={props.open} onOpenChange={open => !open && props.close()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="backdrop" />
        <BaseDialog.Popup className={props.wide ? 'dialog wide' : 'dialog'}>
          <div className="row spread">
            <BaseDialog.Title render={<h2 />}>{props.title}</BaseDialog.Title>
            {props.wide && !props.ends && (
              <BaseDialog.Close className="button quiet small">Close</BaseDialog.Close>
            )}
          </div>
          {props.text && <BaseDialog.Description className="muted">{props.text}</BaseDialog.Description>}
          {props.children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

export interface MenuItem {
  text: ReactNode;
  /** What typing finds it by, where the text is more than words. */
  label?: string;
  href?: string;
  run?: () => void;
  disabled?: boolean;
}

/** A button with a list of what can be done. */
export function Menu({ trigger, items }: { trigger: ReactElement; items: MenuItem[] }) {
  return (
    <BaseMenu.Root modal={false}>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align="end">
          <BaseMenu.Popup className="popup">
            {items.map((item, index) => (
              <BaseMenu.Item
                key={index}
                className="item"
                label={item.label}
                disabled={item.disabled}
                onClick={item.run}
                render={item.href ? <a href={item.href} /> : undefined}
              >
                {item.text}
              </BaseMenu.Item>
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}
