-- Seals: what travels through Stripe's metadata and comes back is believed only with a seal that this
-- database made. A seal is an HMAC-SHA256 (RFC 2104) of length-prefixed fields. It is made of core
-- functions, because pgcrypto is not installed everywhere.

create table purse.seal_keys (
    id         integer     not null generated always as identity,
    inner_key  bytea       not null,
    outer_key  bytea       not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint seal_keys_pkey primary key (id),
    constraint seal_keys_fill_a_block check (length(inner_key) = 64 and length(outer_key) = 64)
);

comment on table purse.seal_keys is
    'Keys of seals, as HMAC pads them: xor 0x36 for the inner hash and 0x5c for the outer one. The newest seals; all verify. Nobody but the owner may read them.';

alter table purse.seal_keys enable row level security;
revoke all on purse.seal_keys from public, anon, authenticated, service_role;

create function purse.add_seal_key()
    returns integer
    language plpgsql
    set search_path = ''
as $$
declare
    -- Four random uuids have 488 random bits, more than the hash keeps.
    v_key   bytea := sha256(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    );
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
    v_id    integer;
begin
    for i in 0..31 loop
        v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(v_key, i));
        v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(v_key, i));
    end loop;
    insert into purse.seal_keys (inner_key, outer_key) values (v_inner, v_outer) returning id into v_id;
    return v_id;
end
$$;

comment on function purse.add_seal_key() is
'Makes a new key, which seals from now on, and returns its id. Older keys still verify. To rotate, in the
SQL editor: select purse.add_seal_key().';
revoke all on function purse.add_seal_key() from public, anon, authenticated, service_role;

select purse.add_seal_key();

create function purse.seal_with(
    p_key_id  integer,
    p_purpose text,
    p_fields  text[]
)
    returns text
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        select 'v1.' || k.id || '.' || encode(sha256(k.outer_key || sha256(k.inner_key || m.message)), 'hex')
        from purse.seal_keys k
        cross join lateral (
            select convert_to(string_agg(
                coalesce(octet_length(f.field) || ':' || f.field, '-'), '' order by f.place
            ), 'UTF8') as message
            from unnest(array['v1:' || p_purpose, k.id::text] || p_fields) with ordinality f (field, place)
        ) m
        where k.id = p_key_id
    );
end
$$;

comment on function purse.seal_with(integer, text, text[]) is
'The seal of fields for a purpose, under a key: v1.<key id>.<hex>. The message is each field as
<bytes>:<text>, or - for null, beginning with v1:<purpose> and the key''s id. Null if there is no such key.';
revoke all on function purse.seal_with(integer, text, text[]) from public, anon, authenticated, service_role;

create function purse.order_fields(p_order jsonb)
    returns text[]
    language sql
    immutable
    set search_path = ''
as $$
    select array[
        p_order ->> 'ledger_id', p_order ->> 'livemode', p_order ->> 'order_id', p_order ->> 'user_id',
        p_order ->> 'package_id', p_order ->> 'package_name', p_order ->> 'credits', p_order ->> 'unit_amount',
        p_order ->> 'currency', p_order ->> 'valid_days'
    ]
$$;

comment on function purse.order_fields(jsonb) is
'What the seal of an order covers: ledger, mode, and all that is credited for it.';
revoke all on function purse.order_fields(jsonb) from public, anon, authenticated, service_role;

create function purse.seal_order(p_purchase public.purchases)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_ledger_id uuid;
begin
    select l.id into strict v_ledger_id from purse.ledger l;
    return jsonb_build_object(
        'ledger_id', v_ledger_id,
        'seal', purse.seal_with(
            (select max(k.id) from purse.seal_keys k),
            'order',
            purse.order_fields(to_jsonb(p_purchase) || jsonb_build_object('ledger_id', v_ledger_id, 'order_id', p_purchase.id))
        )
    );
end
$$;

comment on function purse.seal_order(public.purchases) is
'What an order carries in Stripe''s metadata besides itself: {ledger_id, seal}.';
revoke all on function purse.seal_order(public.purchases) from public, anon, authenticated, service_role;

create function purse.is_order_sealed(p_facts jsonb)
    returns boolean
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_seal text := p_facts ->> 'seal';
begin
    if v_seal is null or v_seal !~ '^v1\.[0-9]{1,9}\.[0-9a-f]{64}$' then
        return false;
    end if;
    -- Compared by their hashes, so that the time it takes says nothing about the right seal.
    return coalesce(
        sha256(convert_to(v_seal, 'UTF8')) = sha256(convert_to(
            purse.seal_with(split_part(v_seal, '.', 2)::integer, 'order', purse.order_fields(p_facts)), 'UTF8'
        )),
        false
    );
end
$$;

comment on function purse.is_order_sealed(jsonb) is
'Whether the facts of an order carry the seal that one of our keys made for exactly this order.';
revoke all on function purse.is_order_sealed(jsonb) from public, anon, authenticated, service_role;

create function public.adopt_ledger(p_ledger_id uuid)
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
begin
    perform purse.require_server();
    update purse.ledger l
    set id = p_ledger_id
    where l.id <> p_ledger_id
        and not exists (select from public.purchases);
    if not found and not exists (select from purse.ledger l where l.id = p_ledger_id) then
        raise exception using errcode = 'PT409', message = 'the ledger has orders already';
    end if;
end
$$;

comment on function public.adopt_ledger(uuid) is
'For make rebuild: gives an empty database the id of the ledger it replaces. Raises PT409 if there are orders.';
revoke all on function public.adopt_ledger(uuid) from public, anon, authenticated, service_role;
grant execute on function public.adopt_ledger(uuid) to service_role;
