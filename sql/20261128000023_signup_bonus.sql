-- The sign-up bonus (SIGNUP_BONUS_CREDITS), once per person: once per account and once per address. We
-- keep a keyed hash of the address, so that deleting an account and signing up again brings no second
-- bonus. Without the key, which only this database holds, the hash does not tell the address.

create table purse.address_keys (
    is_only   boolean not null default true,
    inner_key bytea   not null,
    outer_key bytea   not null,
    constraint address_keys_pkey primary key (is_only),
    constraint address_keys_is_one_row check (is_only),
    constraint address_keys_fill_a_block check (length(inner_key) = 64 and length(outer_key) = 64)
);

comment on table purse.address_keys is
    'The key of address_hash, made at its first use. Keep it in dumps: under another key every address is new.';

alter table purse.address_keys enable row level security;
revoke all on purse.address_keys from public, anon, authenticated, service_role;

create table public.signup_bonuses (
    address_hash bytea       not null,
    user_id      uuid,
    created_at   timestamptz not null default clock_timestamp(),
    constraint signup_bonuses_pkey primary key (address_hash)
);

comment on table public.signup_bonuses is
    'The addresses that have had the sign-up bonus, hashed. A row stays when its account is deleted.';
comment on column public.signup_bonuses.user_id is 'Null once the account is deleted: the address then leads to nobody.';
comment on column public.signup_bonuses.address_hash is 'See purse.address_hash.';

alter table public.signup_bonuses enable row level security;
revoke all on public.signup_bonuses from public, anon, authenticated, service_role;
grant select on public.signup_bonuses to service_role;

create function purse.address_hash(p_address text)
    returns bytea
    language plpgsql
    set search_path = ''
as $$
declare
    v_key     purse.address_keys;
    v_message bytea := pg_catalog.convert_to(lower(btrim(p_address)), 'UTF8');
begin
    select * into v_key from purse.address_keys;
    if not found then
        -- Two 64-byte keys of four random UUIDs each, 122 random bits a UUID.
        insert into purse.address_keys (inner_key, outer_key)
        select pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), '') filter (where n <= 4),
            pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), '') filter (where n > 4)
        from pg_catalog.generate_series(1, 8) n
        on conflict (is_only) do nothing;
        select * into strict v_key from purse.address_keys;
    end if;
    return pg_catalog.sha256(v_key.outer_key || pg_catalog.sha256(v_key.inner_key || v_message));
end
$$;

comment on function purse.address_hash(text) is
'A keyed hash of an address in lower case: sha256(outer || sha256(inner || address)). Each key fills one
block of SHA-256, as the padded keys of HMAC do.';
revoke all on function purse.address_hash(text) from public, anon, authenticated, service_role;

-- Locks the address's row, then the user's row.
create function public.grant_signup_bonus(
    p_user_id uuid,
    p_address text,
    p_credits bigint
)
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_hash bytea;
    v_user uuid;
begin
    perform purse.require_server();
    if coalesce(btrim(p_address), '') = '' then
        raise exception using errcode = 'PT422', message = 'a sign-up bonus needs an address';
    end if;
    v_hash := purse.address_hash(p_address);
    -- A parallel request with the same address waits here.
    insert into public.signup_bonuses (address_hash, user_id)
    values (v_hash, p_user_id)
    on conflict (address_hash) do nothing;
    select b.user_id into strict v_user from public.signup_bonuses b where b.address_hash = v_hash;
    if v_user is distinct from p_user_id then
        return false;
    end if;
    perform public.grant_credits(p_user_id, p_credits, 'bonus', 'purse', 'Welcome', 'signup_bonus');
    return true;
end
$$;

comment on function public.grant_signup_bonus(uuid, text, bigint) is
'Gives a new user the sign-up bonus. Returns false if the address has had it under another account. Safe to
repeat. p_address is the account''s e-mail address or phone number; it is stored only as a keyed hash.
Raises PT409 if this user has had a bonus of another amount, PT422 without an address.';
revoke all on function public.grant_signup_bonus(uuid, text, bigint) from public, anon, authenticated, service_role;
grant execute on function public.grant_signup_bonus(uuid, text, bigint) to service_role;
