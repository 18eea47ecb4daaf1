-- Two schemas. `public` holds the tables, the views people may read, and the functions that the
-- server calls through Supabase's API. `purse` holds everything internal: helper functions, trigger
-- functions and views that only our own functions use. The API does not expose it, and nobody but the
-- owner may use it.
--
-- This file also says who may call: the server alone (purse.require_server), and nobody whose account is in
-- the list of deleted accounts (purse.require_account).
--
-- Revoking default privileges would not be enough: Postgres grants EXECUTE on a new function to
-- PUBLIC, and Supabase grants it by name to three roles in `public`. So every function here and in
-- the files that follow is revoked by name, right below its definition.
create schema purse;

comment on schema purse is 'Internals of the credit ledger. Nobody but the owner may use it.';
revoke all on schema purse from public, anon, authenticated, service_role;

-- Grants alone are not enough. A dump that is restored into a new project brings Supabase's default
-- privileges back, which let `anon` and `authenticated` execute every function in `public`. So each
-- function for the server also looks at the caller. `role` is what the API has set, and a function
-- with its owner's rights does not change it. In the SQL editor it is not set, or it is the owner.
create function purse.require_server()
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if pg_catalog.current_setting('role') in ('anon', 'authenticated') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = 'only the server may call this function';
    end if;
end
$$;

comment on function purse.require_server() is
'Raises insufficient_privilege if the API calls as anon or authenticated. Every function in public that is
granted to service_role alone checks this first, so that a wrong grant opens nothing.';
revoke all on function purse.require_server() from public, anon, authenticated, service_role;

-- Deleted accounts. An access token stays valid after its account is deleted, and a restored backup of
-- Supabase Auth brings accounts back. So every function that acts for a person looks here, and the policies
-- of the tables that people read do too.
create table public.deleted_accounts (
    user_id           uuid        not null,
    deleted_at        timestamptz not null default clock_timestamp(),
    actor             text        not null,
    reason            text        not null,
    credits_given_up  bigint      not null default 0,
    debt_written_off  bigint      not null default 0,
    holds_released    bigint      not null default 0,
    customers         jsonb       not null default '{}',
    finished_at       timestamptz,
    constraint deleted_accounts_pkey primary key (user_id)
);

create index deleted_accounts_unfinished_idx on public.deleted_accounts (deleted_at) where finished_at is null;

comment on table public.deleted_accounts is
    'Accounts that were deleted (public.forget_user). A row refuses its user for good. Keep it in dumps: it holds no personal data.';
comment on column public.deleted_accounts.actor is 'Who deleted it: "the person", or an operator.';
comment on column public.deleted_accounts.credits_given_up is 'Credits that were left and were given up (kind forfeit).';
comment on column public.deleted_accounts.debt_written_off is 'Credits that the person owed (kind write_off).';
comment on column public.deleted_accounts.customers is 'The Stripe customers that still have to be deleted: {"cus_…": whether of live mode}.';
comment on column public.deleted_accounts.finished_at is 'When the storage, Stripe and Supabase Auth had nothing of the person left. Null: run make forget again; the daily clean-up does so too.';

alter table public.deleted_accounts enable row level security;
revoke all on public.deleted_accounts from public, anon, authenticated, service_role;
grant select on public.deleted_accounts to service_role;

create function purse.raise_account_deleted()
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using errcode = 'PT403', message = 'the account was deleted', detail = 'account_deleted';
end
$$;

comment on function purse.raise_account_deleted() is 'Raises PT403: the account was deleted.';
revoke all on function purse.raise_account_deleted() from public, anon, authenticated, service_role;

create function purse.require_account(p_user_id uuid)
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if exists (select from public.deleted_accounts d where d.user_id = p_user_id) then
        perform purse.raise_account_deleted();
    end if;
end
$$;

comment on function purse.require_account(uuid) is
'Raises PT403 with the detail account_deleted if the user''s account was deleted. A user whom we have never
seen has an account.';
revoke all on function purse.require_account(uuid) from public, anon, authenticated, service_role;

create function public.account_is_open()
    returns boolean
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select not exists (select from public.deleted_accounts d where d.user_id = auth.uid())
$$;

comment on function public.account_is_open() is
'Whether the account of the access token exists: false if it was deleted. For row level security, and for apps.';
revoke all on function public.account_is_open() from public, anon, authenticated, service_role;
grant execute on function public.account_is_open() to authenticated, service_role;
