-- Whom mails go to, and who does not want them.

create table public.mail_preferences (
    user_id         uuid        not null,
    token           uuid        not null default gen_random_uuid(),
    unsubscribed_at timestamptz,
    constraint mail_preferences_pkey primary key (user_id),
    constraint mail_preferences_token_key unique (token)
);

comment on table public.mail_preferences is
    'One row per user who was sent a mail. It holds no address: mails go to the one in auth.users.';
comment on column public.mail_preferences.token is 'In the unsubscribe link of their mails. Whoever has it may unsubscribe them, and nothing else.';
comment on column public.mail_preferences.unsubscribed_at is 'Since when they want no mails but receipts. Null: they want them.';

alter table public.mail_preferences enable row level security;
revoke all on public.mail_preferences from public, anon, authenticated, service_role;
grant select on public.mail_preferences to service_role;

create function public.mail_recipient(p_user_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_email text;
    v_wants public.mail_preferences;
begin
    perform purse.require_server();
    select a.email into v_email
    from auth.users a
    where a.id = p_user_id
        and a.email_confirmed_at is not null
        and not exists (select from public.deleted_accounts d where d.user_id = a.id);
    if v_email is null then
        return null;
    end if;
    insert into public.mail_preferences (user_id) values (p_user_id) on conflict (user_id) do nothing;
    select * into strict v_wants from public.mail_preferences m where m.user_id = p_user_id;
    return jsonb_build_object(
        'email', v_email,
        'token', v_wants.token,
        'is_subscribed', v_wants.unsubscribed_at is null
    );
end
$$;

comment on function public.mail_recipient(uuid) is
'Whom a mail to a user goes to: {email, token, is_subscribed}. Null for a user without a confirmed address, and for a deleted one.';
revoke all on function public.mail_recipient(uuid) from public, anon, authenticated, service_role;
grant execute on function public.mail_recipient(uuid) to service_role;

create function public.unsubscribe(p_token uuid)
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
begin
    perform purse.require_server();
    update public.mail_preferences m
    set unsubscribed_at = coalesce(m.unsubscribed_at, clock_timestamp())
    where m.token = p_token;
    return found;
end
$$;

comment on function public.unsubscribe(uuid) is
'Stops mails other than receipts to the user of a token. Safe to repeat. Returns whether there is such a token.';
revoke all on function public.unsubscribe(uuid) from public, anon, authenticated, service_role;
grant execute on function public.unsubscribe(uuid) to service_role;
