-- The desk (/admin): who may use it, what they did, and their notes about people.

create function purse.staff_role(p_user_id uuid)
    returns text
    language sql
    stable
    set search_path = ''
as $$
    select a.raw_app_meta_data ->> 'role'
    from auth.users a
    where a.id = p_user_id
        -- Only the service role may write app_metadata. Users write user_metadata themselves.
        and a.raw_app_meta_data ->> 'role' in ('admin', 'support')
        and coalesce(a.banned_until, '-infinity') <= now()
        and a.deleted_at is null
        and not exists (select from public.deleted_accounts d where d.user_id = a.id)
$$;

comment on function purse.staff_role(uuid) is
'The role of a user at the desk: admin or support. Null for everybody else, and for who was banned or deleted. Read
from auth.users, because an access token stays valid after a role was taken away.';
revoke all on function purse.staff_role(uuid) from public, anon, authenticated, service_role;

create function purse.require_staff(
    p_actor_id uuid,
    p_is_admin boolean default false
)
    returns text
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_role text := purse.staff_role(p_actor_id);
begin
    if v_role is null then
        raise exception using errcode = 'PT403', message = 'the desk is for staff', detail = 'not_staff';
    end if;
    if coalesce(p_is_admin, true) and v_role <> 'admin' then
        raise exception using errcode = 'PT403', message = 'this is for admins', detail = 'admins_only';
    end if;
    return v_role;
end
$$;

comment on function purse.require_staff(uuid, boolean) is
'Returns the role of a user at the desk. Raises PT403 with not_staff as detail if they have none, and with
admins_only if p_is_admin is set and they are not an admin. Every function of the desk calls this first.';
revoke all on function purse.require_staff(uuid, boolean) from public, anon, authenticated, service_role;

create table public.admin_actions (
    id              bigint      generated always as identity,
    actor_id        uuid        not null,
    actor_role      text        not null,
    action          text        not null,
    user_id         uuid,
    arguments       jsonb       not null default '{}',
    reason          text        not null,
    idempotency_key public.idempotency_key not null,
    result          jsonb       not null,
    created_at      timestamptz not null default clock_timestamp(),
    constraint admin_actions_pkey primary key (id),
    constraint admin_actions_idempotency_key_key unique (actor_id, idempotency_key),
    constraint admin_actions_actor_role_is_known check (actor_role in ('admin', 'support')),
    constraint admin_actions_action_is_known check (
        action in (
            'grant', 'correct', 'undo', 'release', 'refund', 'resend', 'move', 'forget', 'export', 'note', 'set_pack',
            'set_feature', 'set_prices', 'bulk_grant', 'offer', 'withdraw_offer', 'make_codes'
        )
    ),
    constraint admin_actions_reason_is_short check (length(reason) between 1 and 500)
);

create index admin_actions_user_id_id_idx on public.admin_actions (user_id, id desc);

comment on table public.admin_actions is
    'What staff did at the desk, written in the transaction of the action. Append only: triggers refuse everything else.';
comment on column public.admin_actions.actor_id is 'Who did it: a user of Supabase Auth. No foreign key: the row outlives them.';
comment on column public.admin_actions.actor_role is 'Their role at that time.';
comment on column public.admin_actions.user_id is 'Whom it was about. Null for a price, and for codes.';
comment on column public.admin_actions.arguments is 'What was asked for, such as {"credits": 50}. The text of a note is in person_notes, and an offer''s texts for the buyer in offers, where they can be deleted.';
comment on column public.admin_actions.result is 'What it changed, as desk_act, desk_set_price or desk_make_codes answered.';

alter table public.admin_actions enable row level security;
revoke all on public.admin_actions from public, anon, authenticated, service_role;
grant select on public.admin_actions to service_role;

create function purse.forbid_action_change()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'restrict_violation',
        message = 'admin_actions only grows';
end
$$;

comment on function purse.forbid_action_change() is
'Trigger: refuses every update, delete and truncate of admin_actions, whoever asks.';
revoke all on function purse.forbid_action_change() from public, anon, authenticated, service_role;

create trigger admin_actions_only_grow
    before update or delete or truncate on public.admin_actions
    for each statement execute function purse.forbid_action_change();
-- Always: a session in replica mode skips ordinary triggers.
alter table public.admin_actions enable always trigger admin_actions_only_grow;

create table public.person_notes (
    id         bigint      generated always as identity,
    user_id    uuid        not null,
    author_id  uuid        not null,
    text       text        not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint person_notes_pkey primary key (id),
    constraint person_notes_text_is_short check (length(text) between 1 and 2000)
);

create index person_notes_user_id_id_idx on public.person_notes (user_id, id desc);

comment on table public.person_notes is
    'What staff noted about a person. Personal data: deleted with the account (purse.erase_person).';
comment on column public.person_notes.author_id is 'The member of staff who wrote it.';

alter table public.person_notes enable row level security;
revoke all on public.person_notes from public, anon, authenticated, service_role;
grant select on public.person_notes to service_role;

create function public.desk_role(p_actor_id uuid)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select jsonb_build_object('role', purse.require_staff(p_actor_id))
$$;

comment on function public.desk_role(uuid) is
'The role of a user at the desk: {role}, admin or support. Raises PT403 with not_staff as detail for everybody else.';
revoke all on function public.desk_role(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_role(uuid) to service_role;
