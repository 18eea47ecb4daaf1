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
            'set_feature'
        )
    ),
    constraint admin_actions_reason_is_short check (length(reason) between 1 and 500)
);

create index admin_actions_user_id_id_idx on public.admin_actions (user_id, id desc);

comment on table public.admin_actions is
    'What staff did at the desk, written in the transaction of the action. Append only: triggers refuse everything else.';
comment on column public.admin_actions.actor_id is 'Who did it: a user of Supabase Auth. No foreign key: the row outlives them.';
comment on column public.admin_actions.actor_role is 'Their role at that time.';
comment on column public.admin_actions.user_id is 'Whom it was about. Null for a price.';
comment on column public.admin_actions.arguments is 'What was asked for, such as {"credits": 50}. The text of a note is in person_notes, where it can be deleted.';
comment on column public.admin_actions.result is 'What it changed, as desk_act or desk_set_price answered.';

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

create function public.desk_prices(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return jsonb_build_object(
        'packs', (
            select coalesce(jsonb_agg(to_jsonb(p) - 'created_at' || jsonb_build_object('decimals', c.decimals)
                order by p.sort_order, p.id), '[]'::jsonb)
            from public.credit_packages p
            join public.stripe_currencies() c on c.currency = p.currency
        ),
        'features', (
            select coalesce(jsonb_agg(to_jsonb(f) - 'created_at' order by f.sort_order, f.id), '[]'::jsonb)
            from public.credit_features f
        ),
        'currencies', (public.read_catalogue() -> 'currencies')
    );
end
$$;

comment on function public.desk_prices(uuid) is
'All packs and features for staff, also those that are not on sale. Returns {packs: [the columns of credit_packages without
created_at, and decimals], features: [those of credit_features], currencies: as read_catalogue}. Raises PT403 for who is
not staff.';
revoke all on function public.desk_prices(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_prices(uuid) to service_role;

create function purse.require_price(
    p_currency    text,
    p_unit_amount bigint
)
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_step    integer;
    v_minimum bigint;
begin
    select c.step, c.minimum into v_step, v_minimum from public.stripe_currencies() c where c.currency = p_currency;
    if not found or p_unit_amount < v_minimum or p_unit_amount % v_step <> 0 then
        raise exception using
            errcode = 'PT422',
            message = 'Stripe does not charge this price',
            detail = jsonb_build_object('minimum', v_minimum, 'step', v_step)::text;
    end if;
end
$$;

comment on function purse.require_price(text, bigint) is
'Raises PT422 for a price that Stripe would refuse, with {"minimum", "step"} in minor units as detail; both are null in a
currency that Stripe does not charge in. The table''s trigger (purse.require_sellable_price) refuses the same, whoever writes.';
revoke all on function purse.require_price(text, bigint) from public, anon, authenticated, service_role;

create function public.desk_set_price(
    p_actor_id        uuid,
    p_action          text,
    p_id              text,
    p_values          jsonb,
    p_shown           jsonb,
    p_reason          text,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_role   text;
    v_done   public.admin_actions;
    v_before jsonb;
    v_after  jsonb;
    v_kept   constant jsonb := p_values || jsonb_build_object('id', p_id);
begin
    perform purse.require_server();
    v_role := purse.require_staff(p_actor_id, true);
    perform purse.require_valid_key(p_idempotency_key);
    -- One change of prices at a time: a second click, or a colleague, waits here and then sees the first change.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('desk:prices', 0));
    select * into v_done
    from public.admin_actions a
    where a.actor_id = p_actor_id
        and a.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(v_done.action = p_action and v_done.arguments = v_kept and v_done.reason = p_reason);
        return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', true);
    end if;
    if p_action = 'set_pack' then
        select to_jsonb(p) - 'created_at' into v_before from public.credit_packages p where p.id = p_id;
    elsif p_action = 'set_feature' then
        select to_jsonb(f) - 'created_at' into v_before from public.credit_features f where f.id = p_id;
    else
        raise exception using errcode = 'PT422', message = 'no such action';
    end if;
    if v_before is distinct from p_shown then
        raise exception using errcode = 'PT409', message = 'not as it was shown', detail = 'price_changed';
    end if;
    if p_action = 'set_pack' then
        perform purse.require_price(p_values ->> 'currency', (p_values ->> 'unit_amount')::bigint);
        insert into public.credit_packages as p (id, name, credits, unit_amount, currency, valid_days, active, sort_order)
        values (
            p_id, p_values ->> 'name', (p_values ->> 'credits')::bigint, (p_values ->> 'unit_amount')::bigint,
            p_values ->> 'currency', (p_values ->> 'valid_days')::integer, (p_values ->> 'active')::boolean,
            (p_values ->> 'sort_order')::integer
        )
        on conflict (id) do update
            set name = excluded.name,
                credits = excluded.credits,
                unit_amount = excluded.unit_amount,
                currency = excluded.currency,
                valid_days = excluded.valid_days,
                active = excluded.active,
                sort_order = excluded.sort_order
        returning to_jsonb(p) - 'created_at' into v_after;
    else
        insert into public.credit_features as f (id, name, credits, active, sort_order)
        values (
            p_id, p_values ->> 'name', (p_values ->> 'credits')::bigint, (p_values ->> 'active')::boolean,
            (p_values ->> 'sort_order')::integer
        )
        on conflict (id) do update
            set name = excluded.name,
                credits = excluded.credits,
                active = excluded.active,
                sort_order = excluded.sort_order
        returning to_jsonb(f) - 'created_at' into v_after;
    end if;
    insert into public.admin_actions (actor_id, actor_role, action, arguments, reason, idempotency_key, result)
    values (
        p_actor_id, v_role, p_action, v_kept, p_reason, p_idempotency_key,
        jsonb_build_object('before', v_before, 'after', v_after)
    )
    returning * into v_done;
    return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', false);
end
$$;

comment on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text) is
'Adds or changes a pack (set_pack) or a feature (set_feature) as an admin, once per actor and idempotency key, and records
it in admin_actions. p_values has all columns but id and created_at. p_shown is the row that the actor was shown, as
desk_prices returns it without decimals; null for a new one. Orders that have begun keep their price.
Returns {before: the row or null, after, action_id, replayed}. Raises PT403 with not_staff or admins_only as detail; PT409
with price_changed if the row is not as shown, or idempotency_key_reused; PT422 for a price that Stripe does not charge
(purse.require_price).';
revoke all on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text) to service_role;
